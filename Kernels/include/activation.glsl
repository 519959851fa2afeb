// Functions by number, in the order of ImagineGraph's `Activation`.
#define IDENTITY 0
#define SILU 1
#define GELU 2
#define QUICK_GELU 3
#define RELU 4
#define TANH 5
#define GELU_TANH 6
#define LEAKY_RELU 7

// erf by Abramowitz and Stegun 7.1.26 loses half of a float's digits; this one (a Chebyshev fit of erfc, Numerical
// Recipes 6.2) is right to 1.2e-7.
float erf(float x) {
  float z = abs(x);
  float t = 1.0 / (1.0 + 0.5 * z);
  float series =
    -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * (0.27886807 +
    t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  float tail = t * exp(-z * z + series);
  return x < 0.0 ? tail - 1.0 : 1.0 - tail;
}

float gelu(float x) { return 0.5 * x * (1.0 + erf(x * 0.70710678)); }

// GLSL's own may be infinity divided by itself. Near 0 by a polynomial in x^2, a fit to the smallest relative error.
float hyperbolic_tangent(float x) {
  float size = abs(x), square = x * x;
  if (size < 0.625) {
    float p = 0.13331442 + square * (-0.053739715 + square * (0.020639088 - square * 0.0057049873));
    return x + x * square * (-0.3333328 + square * p);
  }
  float far = 1.0 - 2.0 / (exp(2.0 * size) + 1.0);
  return x < 0.0 ? -far : far;
}

float activate(uint function, float x) {
  if (function == SILU) return x / (1.0 + exp(-x));
  if (function == GELU) return gelu(x);
  if (function == QUICK_GELU) return x / (1.0 + exp(-1.702 * x));
  if (function == RELU) return x < 0.0 ? 0.0 : x;
  if (function == TANH) return hyperbolic_tangent(x);
  // (1 + tanh(u)) / 2 is the sigmoid of 2u.
  if (function == GELU_TANH) return x / (1.0 + exp(-x * (1.59576912 + 0.0713548163 * x * x)));
  if (function == LEAKY_RELU) return x < 0.0 ? 0.2 * x : x;
  return x;
}
