#include "kernels.h"
#include "parallel.h"

#include <math.h>
#include <string.h>

typedef struct {
  const ck_kernels *kernels;
  ck_type type;
  const void *x;
  const float *weight, *bias;
  float epsilon;
  void *out;
  size_t columns, period;
} rows_job;

// Rows of a piece of about 16 Ki elements.
static size_t rows_per_piece(size_t columns) { return 16384 / (columns + 1) + 1; }

static void layer_norm_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const rows_job *job = context;
  for (size_t row = begin; row < end; row++) {
    const size_t at = row * job->columns * ck_element_size(job->type);
    job->kernels->layer_norm(
      job->type, (const char *)job->x + at, job->weight, job->bias, job->epsilon, (char *)job->out + at, job->columns);
  }
}

void ck_layer_norm(
  ck_device device, ck_type type, const void *x, const float *weight, const float *bias, float epsilon, void *out,
  size_t rows, size_t columns
) {
  rows_job job = {
    .kernels = device.kernels, .type = type, .x = x, .weight = weight, .bias = bias, .epsilon = epsilon, .out = out,
    .columns = columns,
  };
  ck_parallel(device, rows, rows_per_piece(columns), layer_norm_piece, &job);
}

static void softmax_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const rows_job *job = context;
  for (size_t row = begin; row < end; row++) {
    const size_t at = row * job->columns * ck_element_size(job->type);
    size_t valid = job->columns;
    if (job->period && row % job->period + 1 < valid) valid = row % job->period + 1;
    job->kernels->softmax(job->type, (const char *)job->x + at, (char *)job->out + at, job->columns, valid);
  }
}

void ck_softmax(ck_device device, ck_type type, const void *x, void *out, size_t rows, size_t columns, size_t period) {
  rows_job job = {
    .kernels = device.kernels, .type = type, .x = x, .out = out, .columns = columns, .period = period,
  };
  ck_parallel(device, rows, rows_per_piece(columns), softmax_piece, &job);
}

// Group normalisation reads an image twice: once for the moments of chunks of positions, which are small enough to
// stay in a cache while their mean and then their distances from it are summed; once to normalise.
typedef struct {
  const ck_kernels *kernels;
  ck_type type;
  ck_group_norm_shape shape;
  size_t chunk, chunks;      // positions of a chunk; chunks of an image
  const ck_group_norm_operands *operands;
  float *moments;            // [images, chunks, 2, channels]: mean, sum of squares
  float *statistics;         // [images, 2, channels]: mean, factor
} group_norm_job;

static size_t chunk_positions(size_t channels) { return 32768 / (channels + 1) + 1; }

static size_t chunk_count(ck_group_norm_shape shape) {
  const size_t chunk = chunk_positions(shape.channels);
  return (shape.positions + chunk - 1) / chunk;
}

size_t ck_group_norm_scratch_bytes(ck_group_norm_shape shape) {
  return shape.images * (chunk_count(shape) + 1) * 2 * shape.channels * sizeof(float);
}

static size_t positions_of_chunk(const group_norm_job *job, size_t chunk) {
  const size_t first = chunk * job->chunk;
  return job->shape.positions - first < job->chunk ? job->shape.positions - first : job->chunk;
}

static void moments_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const group_norm_job *job = context;
  const size_t channels = job->shape.channels;
  for (size_t piece = begin; piece < end; piece++) {
    const size_t image = piece / job->chunks, chunk = piece % job->chunks;
    const size_t at = (image * job->shape.positions + chunk * job->chunk) * channels * ck_element_size(job->type);
    float *mean = job->moments + piece * 2 * channels;
    job->kernels->channel_moments(
      job->type, (const char *)job->operands->x + at, positions_of_chunk(job, chunk), channels, mean, mean + channels);
  }
}

// Element `i` of the vector of an image, which moves all means of its channel alike.
static double added(const group_norm_job *job, size_t image, size_t channel) {
  const size_t i = image * job->shape.channels + channel;
  if (job->operands->vector == NULL) return 0;
  if (job->type == CK_F32) return ((const float *)job->operands->vector)[i];
  const uint32_t bits = (uint32_t)((const uint16_t *)job->operands->vector)[i] << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// Joins the moments of chunks and channels into those of groups (Chan, Golub and LeVeque, 1983).
static void statistics_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const group_norm_job *job = context;
  const size_t channels = job->shape.channels, size = channels / job->shape.groups;
  for (size_t piece = begin; piece < end; piece++) {
    const size_t image = piece / job->shape.groups, first = piece % job->shape.groups * size;
    const float *moments = job->moments + image * job->chunks * 2 * channels;
    double sum = 0;
    for (size_t chunk = 0; chunk < job->chunks; chunk++) {
      const double positions = (double)positions_of_chunk(job, chunk);
      for (size_t c = first; c < first + size; c++) {
        sum += positions * (moments[chunk * 2 * channels + c] + added(job, image, c));
      }
    }
    const double count = (double)job->shape.positions * (double)size, mean = sum / count;
    double squares = 0;
    for (size_t chunk = 0; chunk < job->chunks; chunk++) {
      const double positions = (double)positions_of_chunk(job, chunk);
      for (size_t c = first; c < first + size; c++) {
        const double distance = moments[chunk * 2 * channels + c] + added(job, image, c) - mean;
        squares += moments[(chunk * 2 + 1) * channels + c] + positions * distance * distance;
      }
    }
    const double factor = 1 / sqrt(squares / count + (double)job->shape.epsilon);
    float *statistics = job->statistics + image * 2 * channels;
    for (size_t c = first; c < first + size; c++) {
      statistics[c] = (float)(mean - added(job, image, c));
      statistics[channels + c] = (float)(factor * job->operands->weight[c]);
    }
  }
}

static void normalise_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const group_norm_job *job = context;
  const size_t channels = job->shape.channels;
  for (size_t piece = begin; piece < end; piece++) {
    const size_t image = piece / job->chunks, chunk = piece % job->chunks;
    const size_t at = (image * job->shape.positions + chunk * job->chunk) * channels * ck_element_size(job->type);
    const float *mean = job->statistics + image * 2 * channels;
    job->kernels->normalise(
      job->type, job->shape.activation, (const char *)job->operands->x + at, positions_of_chunk(job, chunk), channels,
      mean, mean + channels, job->operands->bias, (char *)job->operands->out + at);
  }
}

static group_norm_job group_norm_job_of(
  ck_device device, ck_type type, ck_group_norm_shape shape, const ck_group_norm_operands *operands, void *scratch
) {
  const size_t chunks = chunk_count(shape);
  return (group_norm_job){
    .kernels = device.kernels, .type = type, .shape = shape, .chunk = chunk_positions(shape.channels),
    .chunks = chunks, .operands = operands, .moments = scratch,
    .statistics = (float *)scratch + shape.images * chunks * 2 * shape.channels,
  };
}

const float *ck_group_norm_statistics(
  ck_device device, ck_type type, ck_group_norm_shape shape, const ck_group_norm_operands *operands, void *scratch
) {
  group_norm_job job = group_norm_job_of(device, type, shape, operands, scratch);
  ck_parallel(device, shape.images * job.chunks, 1, moments_piece, &job);
  ck_parallel(device, shape.images * shape.groups, 1, statistics_piece, &job);
  return job.statistics;
}

void ck_group_norm(
  ck_device device, ck_type type, ck_group_norm_shape shape, const ck_group_norm_operands *operands, void *scratch
) {
  ck_group_norm_statistics(device, type, shape, operands, scratch);
  group_norm_job job = group_norm_job_of(device, type, shape, operands, scratch);
  ck_parallel(device, shape.images * job.chunks, 1, normalise_piece, &job);
}
