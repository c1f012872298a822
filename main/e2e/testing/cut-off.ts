/**
 * For `page.evaluate`: the controls that nobody can get at. A control counts when a part of it lies outside of the
 * window, or is hidden by an ancestor that does not scroll.
 */
export const CUT_OFF = `(() => {
  const scrolls = (style, way) => /auto|scroll/.test(way === 'x' ? style.overflowX : style.overflowY);
  const hides = (style, way) => /hidden|clip/.test(way === 'x' ? style.overflowX : style.overflowY);
  const cut = [];
  for (const control of document.querySelectorAll('button, select, input, [role=tab], a[href]')) {
    const box = control.getBoundingClientRect();
    if (box.width === 0 || box.height === 0 || control.closest('.monaco-editor, .xterm, .visually-hidden')) continue;
    if (getComputedStyle(control).visibility === 'hidden') continue;
    // Tabs that do not fit are behind a button that lists them.
    if (control.closest('.dv-tabs-container')) continue;
    // The names of tracks scroll with the canvas beside them.
    if (control.closest('.timeline-names')) continue;
    const name = control.getAttribute('aria-label') ?? control.textContent.trim().slice(0, 40);
    let free = { x: false, y: false };
    for (let parent = control.parentElement; parent !== null; parent = parent.parentElement) {
      const style = getComputedStyle(parent);
      if (scrolls(style, 'x')) free.x = true;
      if (scrolls(style, 'y')) free.y = true;
      const outer = parent.getBoundingClientRect();
      if (!free.x && hides(style, 'x') && (box.left < outer.left - 1 || box.right > outer.right + 1)) {
        cut.push(name + ': wider than ' + parent.className);
        break;
      }
      if (!free.y && hides(style, 'y') && (box.top < outer.top - 1 || box.bottom > outer.bottom + 1)) {
        cut.push(name + ': higher than ' + parent.className);
        break;
      }
    }
  }
  return cut;
})()`;
