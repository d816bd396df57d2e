// The kernels for a host without the native addon, as a WebAssembly module. Made into likeness.wasm by
// build.mjs; src/vectors/kernel-wasm.ts checks arguments, lays out memory and copies rows in, in chunks.
#include "../coded_scan.h"
#include "kernels.h"

using likeness::BestHeap;

namespace {

BestHeap heap;
int8_t query_codes[likeness::kMaxCodeDimension];
int8_t second_codes[likeness::kMaxCodeDimension];
likeness::CodedQuery coded_query;

// Of rows' codes with those of the query.
struct Products {
  size_t dim;
  int32_t first(const uint8_t* code) const {
    return likeness::code_dot_simd128(code, query_codes, coded_query.first.sum, dim);
  }
  void first(const uint8_t* const* codes, size_t count, int32_t* dots) const {
    for (size_t i = 0; i < count; ++i) dots[i] = first(codes[i]);
  }
  int32_t second(const uint8_t* code) const {
    return likeness::code_dot_simd128(code, second_codes, coded_query.second.sum, dim);
  }
};

}  // namespace

extern "C" {

// Copies the floats of a row, numbered as in the call to top_k_codes, to where `row` points.
__attribute__((import_module("host"), import_name("fetch"))) void fetch(size_t row);

#define EXPORT(name) __attribute__((export_name(name)))

// scores[i] = query . row i, for `count` rows laid end to end.
EXPORT("dotMany")
void dot_many(const float* query, size_t dim, const float* rows, size_t count, float* scores) {
  for (size_t i = 0; i < count; ++i) {
    scores[i] = likeness::dot_simd128(query, rows + i * dim, dim);
  }
}

// Begins a search whose rows come in chunks, by rising ordinal.
EXPORT("begin")
void begin(uint32_t* ordinals, float* scores, size_t capacity, double floor) {
  heap = BestHeap({ordinals, scores, capacity}, floor);
}

EXPORT("offerRows")
void offer_rows(const float* query, size_t dim, const float* rows, const uint8_t* live, size_t count,
                size_t first) {
  for (size_t i = 0; i < count; ++i) {
    if (live[i] != 0) heap.offer(likeness::dot_simd128(query, rows + i * dim, dim), first + i);
  }
}

// Makes the query of the offerCodes that follow.
EXPORT("encodeQuery")
void encode_query(const float* query, size_t dim) {
  likeness::encode(query, dim, query_codes, second_codes, coded_query);
}

// `row` has room for one row, which fetch fills.
EXPORT("offerCodes")
void offer_codes(const float* query, size_t dim, const uint8_t* codes, const float* scales,
                 const uint8_t* live, size_t count, size_t first, const float* row) {
  const auto exact = [&](size_t i) {
    fetch(first + i);
    return likeness::dot_simd128(query, row, dim);
  };
  likeness::offer_coded(coded_query, dim, {codes, scales, live, count}, first, heap, Products{dim}, exact);
}

// Orders what was found and returns its number.
EXPORT("finish")
size_t finish() { return heap.finish(); }

// Writes the codes of a row, and its scale and error to scales[0] and scales[1]. Returns whether the row
// is short enough to be coded.
EXPORT("encodeRow")
bool encode_row(const float* row, size_t dim, uint8_t* codes, float* scales) {
  double squared = 0;
  for (size_t i = 0; i < dim; ++i) {
    squared += static_cast<double>(row[i]) * static_cast<double>(row[i]);
  }
  if (!(squared <= likeness::kMaxCodedLength * likeness::kMaxCodedLength)) return false;
  scales[0] = likeness::encode_row(row, dim, codes);
  scales[1] = likeness::code_error(row, codes, scales[0], dim);
  return true;
}

}  // extern "C"
