import { WebglAddon } from '@xterm/addon-webgl';
import type { Terminal } from '@xterm/xterm';

/**
 * Draws the terminal with the GPU where there is one: on software rendering the DOM is four times as fast. When the
 * context is lost, the DOM takes over.
 */
export function addWebgl(terminal: Terminal): () => void {
  if (!hasGpu()) return () => {};
  const addon = new WebglAddon();
  const lost = addon.onContextLoss(() => addon.dispose());
  try {
    terminal.loadAddon(addon);
  } catch {
    addon.dispose();
  }
  return () => {
    lost.dispose();
    addon.dispose();
  };
}

function hasGpu(): boolean {
  const context = document.createElement('canvas').getContext('webgl2');
  if (context === null) return false;
  const info = context.getExtension('WEBGL_debug_renderer_info');
  const renderer: unknown = info === null ? '' : context.getParameter(info.UNMASKED_RENDERER_WEBGL);
  context.getExtension('WEBGL_lose_context')?.loseContext();
  return typeof renderer === 'string' && !/swiftshader|llvmpipe|software/i.test(renderer);
}
