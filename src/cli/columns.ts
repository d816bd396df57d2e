type Lines = readonly (readonly string[])[];

/** How many characters the widest cell of each column has; as many columns as the first line. */
export const columnWidths = (lines: Lines): number[] =>
  (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));

/** Lines of text, each column as wide as its widest cell, two blanks between columns. */
export function columns(lines: Lines): string[] {
  const widths = columnWidths(lines);
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
