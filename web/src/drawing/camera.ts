// From places of a layout to pixels of a canvas: scale and offset, changed by the reader.

export const kScaleMin = 0.05;
export const kScaleMax = 12;

export class Camera {
  scale = 1;
  offsetX = 0;
  offsetY = 0;
  /** The reader has moved it; it no longer follows the layout by itself. */
  isMoved = false;

  /** Shows a rectangle as a whole. */
  fit(bounds: [number, number, number, number], width: number, height: number, padding: number): void {
    const [left, top, right, bottom] = bounds;
    const scale = Math.min((width - 2 * padding) / Math.max(1, right - left),
                           (height - 2 * padding) / Math.max(1, bottom - top));
    // Few members are not drawn huge.
    this.scale = Math.max(kScaleMin, Math.min(3, scale));
    this.offsetX = width / 2 - ((left + right) / 2) * this.scale;
    this.offsetY = height / 2 - ((top + bottom) / 2) * this.scale;
  }

  pan(dx: number, dy: number): void {
    this.offsetX += dx;
    this.offsetY += dy;
    this.isMoved = true;
  }

  /** What lies under the pixel stays there. */
  zoom(factor: number, pixelX: number, pixelY: number): void {
    const scale = Math.max(kScaleMin, Math.min(kScaleMax, this.scale * factor));
    const real = scale / this.scale;
    this.offsetX = pixelX - (pixelX - this.offsetX) * real;
    this.offsetY = pixelY - (pixelY - this.offsetY) * real;
    this.scale = scale;
    this.isMoved = true;
  }

  toX(pixelX: number): number {
    return (pixelX - this.offsetX) / this.scale;
  }

  toY(pixelY: number): number {
    return (pixelY - this.offsetY) / this.scale;
  }
}
