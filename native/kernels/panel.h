// Many queries against blocks of rows, by their codes: what each row's codes are loaded for serves sixteen queries, and
// whether any of them may want the row is judged before anything is written. Uses no library.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace likeness {

constexpr size_t kPanelQueries = 16;

// Rows scored at once.
constexpr size_t kBlockRows = 16;

// The first codes of up to sixteen queries (coded_scan.h). Places beyond the last hold zeros, and want nothing.
struct Panel {
  // Value k of query q is values[(k / 4 * kPanelQueries + q) * 4 + k % 4].
  const int8_t* values;
  // The same one by one; those beyond the last repeat the first.
  const int8_t* codes[kPanelQueries];
  int32_t sums[kPanelQueries];
  float scales[kPanelQueries];
  float per_error[kPanelQueries];
  float rest[kPanelQueries];
};

// Codes of rows with their scales and errors; at most kBlockRows.
struct PanelRows {
  const uint8_t* const* codes;
  const float* scales;
  const float* errors;
  size_t count;
};

// What was found: bit q of wanted[r] says that query q may want row r, and then dots[r * kPanelQueries + q] is its
// score by codes; where no query wants a row its dots are not written.
struct PanelScores {
  int32_t* dots;
  uint16_t* wanted;
};

// Query q wants what is not known to score less than bars[q]. `n`, the length of the codes, is a multiple of four.
using PanelFn = void (*)(const PanelRows& rows, const Panel& panel, const float* bars, size_t n,
                         const PanelScores& out);

}  // namespace likeness
