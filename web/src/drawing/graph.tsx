import { useEffect, useRef } from "preact/hooks";
import { themeVersion } from "../shell/theme";
import { GraphView, type GraphContent, type GraphEvents } from "./graph_view";
import "./graph.css";

export interface GraphProperties extends GraphEvents {
  label: string;
  content: GraphContent;
  selected: string;
}

/** Members as a graph that can be moved, enlarged, and walked through with the arrow keys. */
export function Graph(properties: GraphProperties) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const view = useRef<GraphView | null>(null);
  const events = useRef<GraphEvents>(properties);
  events.current = properties;
  useEffect(() => {
    if (canvas.current === null) return;
    const made = new GraphView(canvas.current, {
      onHover: (id) => events.current.onHover(id),
      onSelect: (id) => events.current.onSelect(id),
      onOpen: (id) => events.current.onOpen(id),
    });
    view.current = made;
    return () => {
      made.stop();
      view.current = null;
    };
  }, []);
  useEffect(() => view.current?.setContent(properties.content), [properties.content]);
  useEffect(() => view.current?.select(properties.selected), [properties.selected]);
  const version = themeVersion.value;
  useEffect(() => view.current?.setColors(), [version]);
  return (
    <div class="graph">
      <canvas
        ref={canvas} tabIndex={0} role="application" aria-roledescription="graph"
        aria-label={`${properties.label}. Arrow keys go from member to member, Enter opens one, plus and minus enlarge, shift with arrows moves the picture, 0 shows all.`}
      />
      <div class="graph-tools">
        <button type="button" aria-label="Larger" onClick={() => view.current?.zoomBy(1.25)}>+</button>
        <button type="button" aria-label="Smaller" onClick={() => view.current?.zoomBy(0.8)}>−</button>
        <button type="button" onClick={() => view.current?.fit()}>All</button>
      </div>
    </div>
  );
}
