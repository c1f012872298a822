import { useEffect, type RefObject } from 'react';
import { CanvasSurface } from './surface.ts';
import type { Size } from './use-size.ts';

/** Draws on a canvas in the next frame after anything that `draw` depends on has changed. */
export function useCanvas(
  canvas: RefObject<HTMLCanvasElement | null>,
  { width, height }: Size,
  zoom: number,
  draw: (surface: CanvasSurface) => void,
): void {
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      const element = canvas.current;
      const context = element?.getContext('2d');
      if (element === null || context === null || context === undefined || width === 0) return;
      const ratio = devicePixelRatio;
      const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (element.width !== wide) element.width = wide;
      if (element.height !== high) element.height = high;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      draw(new CanvasSurface(context, width, height, zoom));
    });
    return () => cancelAnimationFrame(frame);
  }, [canvas, width, height, zoom, draw]);
}
