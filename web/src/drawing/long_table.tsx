// A table of any length of which only the rows in sight are elements. Arrow keys, Page Up and Down,
// Home and End move through it, Enter opens the row.
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { scrollTo, windowOf } from "./window";
import "./long_table.css";

export const kRowHeight = 30;

export interface Column<T> {
  key: string;
  title: string;
  /** A track of CSS grid, such as "2fr" or "6rem". */
  width: string;
  isNumber?: boolean;
  isSortable?: boolean;
  /** Left out on narrow screens. */
  isExtra?: boolean;
  cell: (row: T) => ComponentChildren;
}

export interface LongTableProperties<T> {
  label: string;
  columns: Column<T>[];
  rows: readonly T[];
  idOf: (row: T) => string;
  onOpen?: (row: T) => void;
  sort?: { key: string; isDown: boolean };
  onSort?: (key: string) => void;
  /** Shown in place of rows. */
  empty: string;
  /** New rows are at the end, and the reader who stands there stays there. */
  followsEnd?: boolean;
}

function HeadCell<T>({ column, table, index }: {
  column: Column<T>; table: LongTableProperties<T>; index: number;
}) {
  const classes = `cell ${column.isNumber === true ? "number" : ""} ${column.isExtra === true ? "extra" : ""}`;
  const isSorted = table.sort?.key === column.key;
  const direction = table.sort?.isDown === true ? "descending" : "ascending";
  return (
    <div role="columnheader" class={classes} aria-colindex={index + 1}
      aria-sort={isSorted ? direction : "none"}>
      {column.isSortable === true && table.onSort !== undefined ? (
        <button type="button" class="plain" onClick={() => table.onSort?.(column.key)}>
          {column.title}<span aria-hidden="true">{isSorted ? (direction === "ascending" ? " ▴" : " ▾") : ""}</span>
        </button>
      ) : column.title}
    </div>
  );
}

function Row<T>({ row, index, isActive, table, onChoose }: {
  row: T; index: number; isActive: boolean; table: LongTableProperties<T>; onChoose: () => void;
}) {
  return (
    <div role="row" class={isActive ? "line active" : "line"} aria-rowindex={index + 2}
      aria-selected={isActive} data-id={table.idOf(row)} onClick={onChoose}
      onDblClick={() => table.onOpen?.(row)}>
      {table.columns.map((column, columnIndex) => (
        <div key={column.key} role="gridcell" aria-colindex={columnIndex + 1}
          class={`cell ${column.isNumber === true ? "number" : ""} ${column.isExtra === true ? "extra" : ""}`}>
          {column.cell(row)}
        </div>
      ))}
    </div>
  );
}

/** The row that a key leads to, or null for keys that mean nothing here. */
export function rowAfterKey(key: string, active: number, count: number, pageRows: number): number | null {
  const last = count - 1;
  switch (key) {
    case "ArrowDown": return Math.min(last, active + 1);
    case "ArrowUp": return Math.max(0, active - 1);
    case "PageDown": return Math.min(last, active + pageRows);
    case "PageUp": return Math.max(0, active - pageRows);
    case "Home": return 0;
    case "End": return last;
    default: return null;
  }
}

interface Drawn<T> {
  row: T;
  index: number;
  isActive: boolean;
  columns: Column<T>[];
  node: VNode;
}

/**
 * Rows that were drawn before and are the same are not drawn again: while somebody scrolls, only
 * what comes into sight is new. New columns (another array) draw all rows anew.
 */
function useRows<T>(table: LongTableProperties<T>, first: number, end: number, active: number,
                    choose: (id: string) => void): VNode[] {
  const drawn = useRef(new Map<string, Drawn<T>>());
  const now = new Map<string, Drawn<T>>();
  table.rows.slice(first, end).forEach((row, offset) => {
    const id = table.idOf(row);
    const [index, { columns }] = [first + offset, table];
    const isActive = index === active;
    const old = drawn.current.get(id);
    const isSame = old !== undefined && old.row === row && old.index === index && old.isActive === isActive &&
      old.columns === columns;
    now.set(id, isSame ? old : { row, index, isActive, columns,
      node: <Row key={id} row={row} index={index} isActive={isActive} table={table} onChoose={() => choose(id)} /> });
  });
  drawn.current = now;
  return [...now.values()].map((each) => each.node);
}

export function LongTable<T>(table: LongTableProperties<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [height, setHeight] = useState(600);
  const [activeId, setActiveId] = useState("");
  const isAtEnd = useRef(true);
  const { rows } = table;
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight - kRowHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const element = scroller.current;
    if (element === null || table.followsEnd !== true || !isAtEnd.current) return;
    element.scrollTop = element.scrollHeight;
  }, [rows, table.followsEnd]);
  const { first, end, above, below } = windowOf(scrollTop, height, kRowHeight, rows.length);
  const active = activeId === "" ? -1 : rows.findIndex((row) => table.idOf(row) === activeId);
  const lines = useRows(table, first, end, active, setActiveId);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== scroller.current || rows.length === 0) return;
    const activeRow = rows[active];
    if (event.key === "Enter" && activeRow !== undefined) table.onOpen?.(activeRow);
    const next = rowAfterKey(event.key, active, rows.length, Math.floor(height / kRowHeight) - 1);
    const nextRow = next === null ? undefined : rows[next];
    if (next === null || nextRow === undefined || scroller.current === null) return;
    event.preventDefault();
    setActiveId(table.idOf(nextRow));
    scroller.current.scrollTop = scrollTo(next, scroller.current.scrollTop, height, kRowHeight);
  };
  const style = { "--columns": table.columns.map((column) => column.width).join(" "),
    "--columns-narrow": table.columns.filter((column) => column.isExtra !== true)
      .map((column) => column.width).join(" ") };
  return (
    <div class="long-table" role="grid" aria-label={table.label} aria-rowcount={rows.length + 1}
      aria-colcount={table.columns.length} style={style}>
      <div class="scroller" ref={scroller} role="rowgroup" tabIndex={0} aria-label={`Rows of ${table.label}`}
        onKeyDown={onKeyDown} onScroll={(event) => {
          const { scrollTop: top, scrollHeight, clientHeight } = event.currentTarget;
          isAtEnd.current = scrollHeight - top - clientHeight < kRowHeight;
          setScrollTop(top);
        }}>
        <div class="line head" role="row" aria-rowindex={1}>
          {table.columns.map((column, index) => (
            <HeadCell key={column.key} column={column} table={table} index={index} />
          ))}
        </div>
        {rows.length === 0 && <p class="quiet empty">{table.empty}</p>}
        <div style={{ height: `${above}px` }} />
        {lines}
        <div style={{ height: `${below}px` }} />
      </div>
    </div>
  );
}
