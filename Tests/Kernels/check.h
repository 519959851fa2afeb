// Results of the kernels against expectations in double precision, for each instruction set with one and with three threads.
#pragma once

#include "CKernels.h"

#include <stddef.h>

// Memory until the next release_rooms. It is filled with NaNs, and what lies behind it must not change.
void *room(size_t bytes);
void release_rooms(void);

// Numbers of a type, and the same in double precision.
typedef struct {
  ck_stored type;
  size_t count;
  void *data;
  double *exact;
} numbers;

// Normally distributed numbers, the same at each run.
numbers draw(ck_stored type, size_t count, double scale);
// Makes one of them no number.
void spoil(numbers x, size_t i);

float float_of_bf16(uint16_t bits);
float float_of_half(uint16_t bits);
// To nearest, ties to even; a NaN to some NaN.
uint16_t bf16_of(float x);
uint16_t half_of(float x);
size_t size_of(ck_stored type);

double activated(ck_activation activation, double x);

// An instruction set.
typedef struct {
  const char *name;
  uint32_t features;
} instruction_set;

// Computes a result, or answers that this device does not compute such.
typedef bool (*computation)(ck_device device, const void *context, void *out);

// How far a result may be from what is expected: the sum of squared errors as a part of the sum of squares, and the largest
// error as a part of the largest magnitude. Where no number is expected there has to be none, and nowhere else.
typedef struct {
  double squares, worst;
} limits;

extern const limits BITS;   // all bits are those of the expected value
extern const limits SUMS;   // sums of 32-bit floats in any order
extern const limits ROUNDED;  // rounded to bfloat16 once
extern const limits TWICE;  // and something before that, too

// Checks a result of `count` numbers of a type on all instruction sets, and that three threads give the same bits as one.
// `kind` is the line of the report that it counts to.
void check(
  const char *kind, const char *name, ck_type type, size_t count, const double *expected, limits limits,
  computation compute, const void *context);

// A text in one of few places that take turns.
const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Prints a line for each kind, and answers whether all went well.
bool report(void);

void check_conversions(void);
void check_pointwise(void);
void check_layout(void);
void check_norms(void);
void check_linear_layers(void);
void check_low_rank(void);
void check_convolutions(void);
void check_attention(void);
