// The activations: for each name of CK_ACTIVATIONS one that is as precise as floats, and a rough one, whose relative error
// is below 2e-4, a tenth of what rounding to bfloat16 makes. Included once per instruction set, by instance.h.

INLINE vf sigmoid(vf x) { return 1.0f / (1.0f + exponential(-x)); }

INLINE vf rough_sigmoid(vf x) { return rough_reciprocal(1.0f + rough_power(x * -1.44269504f)); }

INLINE vf precise_silu(vf x) { return x * sigmoid(x); }
INLINE vf rough_silu(vf x) { return x * rough_sigmoid(x); }

INLINE vf precise_quick_gelu(vf x) { return x * sigmoid(x * 1.702f); }
INLINE vf rough_quick_gelu(vf x) { return x * rough_sigmoid(x * 1.702f); }

// The normal distribution function (1 + erf(x / sqrt 2)) / 2, relative error below 2e-6 where it is a normal number.
//
// By way of erfc(z) = exp(-z^2) erfcx(z) at z = |x| / sqrt 2, so that nothing cancels for negative x. The polynomial in
// t = 1 / (1 + 0.55 z) is a least-squares fit of erfcx(z) / t.
INLINE vf normal_distribution(vf x) {
  const vf z = choose(x < 0.0f, -x, x) * 0.707106781f;
  const vf t = 1.0f / (1.0f + z * 0.55f);
  vf p = t * 0.0580482855f - 0.336662441f;
  p = p * t + 0.781258702f;
  p = p * t - 0.853445172f;
  p = p * t + 0.363973528f;
  p = p * t - 0.0950007960f;
  p = p * t + 0.202052638f;
  p = p * t + 0.258819580f;
  p = p * t + 0.310663581f;
  p = p * t + 0.310292095f;
  const vf tail = 0.5f * exponential(-z * z) * (p * t);
  return choose(x < 0.0f, tail, 1.0f - tail);
}

INLINE vf precise_gelu(vf x) { return x * normal_distribution(x); }

// As normal_distribution finds it; here the polynomial is one in t = 1 / (1 + z / 2).
INLINE vf rough_gelu(vf x) {
  const vf t = rough_reciprocal(1.0f + choose(x < 0.0f, -x, x) * 0.353553391f);
  vf p = t * -0.092294374f + 0.252841779f;
  p = p * t + 0.0392481420f;
  p = p * t + 0.160954092f;
  p = p * t + 0.139265592f;
  const vf tail = rough_power(x * x * -0.721347520f) * t * (p * x);  // x times the distribution at -|x|
  return choose(x > 0.0f, x - tail, tail);
}

INLINE vf precise_relu(vf x) { return at_least(x, (vf){0}); }
INLINE vf rough_relu(vf x) { return precise_relu(x); }

INLINE vf precise_leaky_relu(vf x) { return at_least(x, x * 0.2f); }
INLINE vf rough_leaky_relu(vf x) { return precise_leaky_relu(x); }

// Near 0 by a polynomial in x^2, a fit to the smallest relative error; elsewhere 1 - 2 / (e^2x + 1) loses little.
INLINE vf precise_tanh(vf x) {
  const vf size = choose(x < 0.0f, -x, x), square = x * x;
  vf p = square * -0.00570498733f + 0.0206390880f;
  p = p * square - 0.0537397150f;
  p = p * square + 0.133314416f;
  p = p * square - 0.333332807f;
  const vf far = 1.0f - 2.0f / (exponential(size + size) + 1.0f);
  return choose(size < 0.625f, x + x * (square * p), choose(x < 0.0f, -far, far));
}

INLINE vf rough_tanh(vf x) {
  const vf size = choose(x < 0.0f, -x, x), square = x * x, p = square * 0.116440602f - 0.332069159f;
  const vf far = 1.0f - 2.0f * rough_reciprocal(rough_power(size * 2.88539008f) + 1.0f);
  return choose(size < 0.5f, x + x * (square * p), choose(x < 0.0f, -far, far));
}

// (1 + tanh(u)) / 2 is the sigmoid of 2u.
INLINE vf twice_gelu_argument(vf x) { return x * (x * x * 0.0713548163f + 1.59576912f); }
INLINE vf precise_gelu_tanh(vf x) { return x * sigmoid(twice_gelu_argument(x)); }
INLINE vf rough_gelu_tanh(vf x) { return x * rough_sigmoid(twice_gelu_argument(x)); }

#define ACTIVATED(NAME, name, precision) case CK_##NAME: return precision##_##name(x);

INLINE vf activated(ck_activation activation, vf x) {
  switch (activation) {
    case CK_IDENTITY: return x;
    CK_ACTIVATIONS(ACTIVATED, precise)
  }
}

INLINE vf rough_activated(ck_activation activation, vf x) {
  switch (activation) {
    case CK_IDENTITY: return x;
    CK_ACTIVATIONS(ACTIVATED, rough)
  }
}

#undef ACTIVATED

// As precise as results of a type can show.
INLINE vf activated_as(ck_type type, ck_activation activation, vf x) {
  return type == CK_BF16 ? rough_activated(activation, x) : activated(activation, x);
}

// Runs `statement`, a macro, with a constant for the activation, so that it is compiled apart for each.
#define WITH_ACTIVATION(NAME, name, statement) case CK_##NAME: statement(CK_##NAME); break;
#define FOR_ACTIVATION(activation, statement) \
  switch (activation) { \
    case CK_IDENTITY: statement(CK_IDENTITY); break; \
    CK_ACTIVATIONS(WITH_ACTIVATION, statement) \
  }
