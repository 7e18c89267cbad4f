// Which rows of a long table are drawn: those in sight, and some around them.

/** Rows drawn above and below what is in sight, so that fast scrolling shows no holes. */
export const kOverscanRows = 8;
/** Browsers lose precision in elements taller than some 16 million pixels; 10 million is safe. */
export const kRowsMax = 300_000;

export interface Window {
  first: number;
  /** One behind the last. */
  end: number;
  /** Empty space above and below, in pixels. */
  above: number;
  below: number;
}

export function windowOf(scrollTop: number, height: number, rowHeight: number, count: number): Window {
  const rows = Math.min(count, kRowsMax);
  const inSight = Math.ceil(height / rowHeight) + 1;
  const wanted = Math.floor(Math.max(0, scrollTop) / rowHeight);
  // The table may have become shorter than where the reader is.
  const top = Math.max(0, Math.min(wanted, rows - inSight + 1));
  const first = Math.max(0, top - kOverscanRows);
  const end = Math.min(rows, top + inSight + kOverscanRows);
  return { first, end, above: first * rowHeight, below: (rows - end) * rowHeight };
}

/** Where to scroll so that a row is in sight; the present place if it is. */
export function scrollTo(row: number, scrollTop: number, height: number, rowHeight: number): number {
  if (row * rowHeight < scrollTop) return row * rowHeight;
  if ((row + 1) * rowHeight > scrollTop + height) return (row + 1) * rowHeight - height;
  return scrollTop;
}
