// A product with weights, against its definition.
#pragma once

#include "check.h"

typedef struct {
  ck_product_shape shape;
  ck_stored x, weights;  // the result has x's type
  ck_activation activation;
  bool bias, residual;
  size_t first_part;  // channels of the first of two images that are read as one; else 0
  bool winograd;
  bool spoiled;       // one of x is no number
} product_case;

void check_product(const char *kind, product_case product);
