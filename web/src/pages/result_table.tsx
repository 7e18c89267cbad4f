import type { Table } from "../daemon/types";
import { ageText, counted } from "../shell/words";

/** Rows drawn; an answer can have 10,000. */
export const kShownRowsMax = 1_000;

/** What a SELECT or an aggregate gave. */
export function ResultTable({ table, label }: { table: Table; label: string }) {
  const rows = table.rows.slice(0, kShownRowsMax);
  return (
    <>
      <div class="table-frame" tabIndex={0} role="region" aria-label={label}>
        <table class="result">
          <thead>
            <tr>{table.columns.map((column, index) => <th key={index} scope="col">{column}</th>)}</tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={index}>
                {row.map((value, column) => (
                  <td key={column} class={typeof value === "number" ? "number" : ""}>
                    {value === null ? <span class="quiet">null</span> : value}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="quiet">
        {counted(table.rows.length, "row")}, {ageText(table.age_ms)} old
        {table.rows.length > rows.length && `; the first ${kShownRowsMax.toLocaleString("en")} are shown`}
        {table.is_truncated && `; cut: ${table.cut ?? "something was left out"}`}
      </p>
    </>
  );
}
