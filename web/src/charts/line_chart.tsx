// Lines over time, drawn by uPlot in the colours of the theme.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./charts.css";
import { themeColor, themeVersion } from "../shell/theme";

export interface Line {
  label: string;
  /** A custom property of the theme, such as "--chart-1". */
  color: string;
  /** Drawn dashed, so that two lines differ without their colours. */
  isDashed?: boolean;
}

export interface LineChartProperties {
  title: string;
  lines: Line[];
  /** Seconds since 1970 first, then one row per line. */
  data: (number | null)[][];
  /** A value with its unit. */
  text: (value: number) => string;
  height?: number;
}

function optionsOf(properties: LineChartProperties, width: number): uPlot.Options {
  const axis = {
    stroke: themeColor("--text-quiet"),
    grid: { stroke: themeColor("--chart-grid"), width: 1 },
    ticks: { stroke: themeColor("--chart-grid"), width: 1 },
    font: "11px system-ui, sans-serif",
  };
  return {
    width,
    height: properties.height ?? 120,
    legend: { show: false },
    cursor: { y: false, points: { size: 5 } },
    scales: { y: { range: (_chart, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      { ...axis, size: 26 },
      { ...axis, size: 62, values: (_chart, ticks) => ticks.map((tick) => properties.text(tick)) },
    ],
    series: [
      {},
      ...properties.lines.map((line) => ({
        label: line.label, stroke: themeColor(line.color), width: 1.75, points: { show: false },
        ...(line.isDashed === true ? { dash: [6, 3] } : {}),
      })),
    ],
  };
}

function newest(row: (number | null)[] | undefined): number | null {
  return row?.[row.length - 1] ?? null;
}

/** A chart with its newest values in words beside the title, which is what screen readers get. */
export function LineChart(properties: LineChartProperties) {
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const version = themeVersion.value;
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const made = new uPlot(optionsOf(properties, element.clientWidth || 300),
      properties.data as uPlot.AlignedData, element);
    chart.current = made;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientWidth !== made.width) {
        made.setSize({ width: element.clientWidth, height: properties.height ?? 120 });
      }
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [version]);
  useEffect(() => chart.current?.setData(properties.data as uPlot.AlignedData), [properties.data]);
  return (
    <figure class="chart">
      <figcaption>
        <strong>{properties.title}</strong>
        {properties.lines.map((line, index) => {
          const value = newest(properties.data[index + 1]);
          return (
            <span key={line.label} class="legend">
              <svg width="16" height="8" aria-hidden="true">
                <line x1="0" y1="4" x2="16" y2="4" stroke={`var(${line.color})`} stroke-width="2.5"
                  stroke-dasharray={line.isDashed === true ? "5 2" : "none"} />
              </svg>
              {line.label} <span class="value">{value === null ? "–" : properties.text(value)}</span>
            </span>
          );
        })}
      </figcaption>
      <div ref={holder} aria-hidden="true" />
    </figure>
  );
}
