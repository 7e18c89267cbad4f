// The graph of members on one canvas: frames, mouse, touch and keys. It draws only when something
// is another than in the frame before; at rest it costs nothing.
import { Camera } from "./camera";
import { Layout, type LayoutMember } from "./layout";
import { graphColors, memberRadius, paintGraph, type Scene } from "./graph_painter";

/** Space around the members, in pixels, for names and marks. */
const kPadding = 34;
const kPanPixels = 40;
/** Shorter is a click. */
const kDragPixels = 4;

export interface GraphEvents {
  onHover(id: string): void;
  onSelect(id: string): void;
  onOpen(id: string): void;
}

export interface GraphContent {
  members: readonly LayoutMember[];
  links: readonly (readonly [string, string])[];
  byCoordinates: boolean;
  /** What decides the places; when it is another, all is shown again. */
  arrangement: string;
}

export class GraphView {
  private readonly layout = new Layout();
  private readonly camera = new Camera();
  private readonly context: CanvasRenderingContext2D | null;
  private readonly resizer: ResizeObserver;
  private readonly scene: Scene;
  private frame = 0;
  private isDirty = true;
  private pointers = new Map<number, { x: number; y: number }>();
  private dragged = 0;
  private arrangement = "";

  constructor(private readonly canvas: HTMLCanvasElement, private readonly events: GraphEvents) {
    this.context = canvas.getContext("2d", { alpha: true });
    this.scene = { layout: this.layout, camera: this.camera, colors: graphColors(),
      width: 1, height: 1, hovered: -1, selected: -1 };
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(canvas);
    this.listen();
    this.resize();
  }

  stop(): void {
    this.resizer.disconnect();
    cancelAnimationFrame(this.frame);
    this.frame = -1;
  }

  setContent(content: GraphContent): void {
    const { layout, scene } = this;
    const selected = layout.ids[scene.selected] ?? "";
    // Another arrangement puts everything elsewhere: show all of it.
    if (content.arrangement !== this.arrangement) this.camera.isMoved = false;
    this.arrangement = content.arrangement;
    layout.setMembers(content.members);
    layout.setLinks(content.links);
    if (content.byCoordinates) layout.placeByCoordinates(content.members);
    else layout.attachLinks();
    scene.hovered = -1;
    scene.selected = selected === "" ? -1 : layout.indexOfId(selected);
    this.changed();
  }

  setColors(): void {
    this.scene.colors = graphColors();
    this.changed();
  }

  select(id: string): void {
    this.scene.selected = id === "" ? -1 : this.layout.indexOfId(id);
    this.changed();
  }

  fit(): void {
    this.camera.isMoved = false;
    this.changed();
  }

  zoomBy(factor: number): void {
    this.camera.zoom(factor, this.scene.width / 2, this.scene.height / 2);
    this.changed();
  }

  get omitted(): number {
    return this.layout.omitted;
  }

  private changed(): void {
    this.isDirty = true;
    if (this.frame === 0) this.frame = requestAnimationFrame(this.draw);
  }

  private readonly draw = (): void => {
    if (this.frame < 0) return;
    this.frame = 0;
    if (this.layout.advance(() => performance.now())) this.isDirty = true;
    if (!this.isDirty || this.context === null) return;
    this.isDirty = false;
    if (!this.camera.isMoved) {
      this.camera.fit(this.layout.bounds(), this.scene.width, this.scene.height, kPadding);
    }
    paintGraph(this.context, this.scene);
    if (this.layout.isMoving) this.changed();
  };

  private resize(): void {
    const { canvas, context, scene } = this;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    scene.width = canvas.clientWidth;
    scene.height = canvas.clientHeight;
    canvas.width = Math.max(1, Math.round(scene.width * ratio));
    canvas.height = Math.max(1, Math.round(scene.height * ratio));
    context?.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.changed();
  }

  private listen(): void {
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.camera.zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
      this.changed();
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      this.dragged = 0;
    });
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    canvas.addEventListener("pointerup", (event) => this.onUp(event));
    canvas.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
    canvas.addEventListener("pointerleave", () => this.hover(-1));
    canvas.addEventListener("dblclick", () => this.open());
    canvas.addEventListener("keydown", (event) => this.onKey(event));
  }

  private memberAt(event: PointerEvent): number {
    const reach = (memberRadius(this.scene) + 5) / this.camera.scale;
    return this.layout.nearest(this.camera.toX(event.offsetX), this.camera.toY(event.offsetY), reach);
  }

  private hover(index: number): void {
    if (index === this.scene.hovered) return;
    this.scene.hovered = index;
    this.canvas.style.cursor = index < 0 ? "grab" : "pointer";
    this.events.onHover(this.layout.ids[index] ?? "");
    this.changed();
  }

  private onMove(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    if (before === undefined) {
      this.hover(this.memberAt(event));
      return;
    }
    const now = { x: event.offsetX, y: event.offsetY };
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) {
      this.dragged += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
      if (this.dragged > kDragPixels) this.camera.pan(now.x - before.x, now.y - before.y);
    } else {
      // Two fingers: what lies between them stays between them.
      const grown = Math.hypot(now.x - other.x, now.y - other.y) /
        Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
      this.dragged += kDragPixels + 1;
      this.camera.zoom(grown, (now.x + other.x) / 2, (now.y + other.y) / 2);
    }
    this.pointers.set(event.pointerId, now);
    this.changed();
  }

  private onUp(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    if (this.dragged > kDragPixels) return;
    this.choose(this.memberAt(event));
  }

  private choose(index: number): void {
    this.scene.selected = index;
    this.events.onSelect(this.layout.ids[index] ?? "");
    this.changed();
  }

  private open(): void {
    const id = this.layout.ids[this.scene.selected];
    if (id !== undefined) this.events.onOpen(id);
  }

  private onKey(event: KeyboardEvent): void {
    const directions: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    };
    const direction = directions[event.key];
    if (direction !== undefined) {
      if (event.shiftKey) this.camera.pan(-direction[0] * kPanPixels, -direction[1] * kPanPixels);
      else this.choose(this.layout.nextInDirection(this.scene.selected, ...direction));
    } else if (event.key === "+" || event.key === "=") this.zoomBy(1.25);
    else if (event.key === "-") this.zoomBy(0.8);
    else if (event.key === "0") this.fit();
    else if (event.key === "Enter") this.open();
    else if (event.key === "Escape") this.choose(-1);
    else return;
    event.preventDefault();
    this.changed();
  }
}
