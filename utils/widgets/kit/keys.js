/** Keys that belong to the widget do not reach the notebook: `b` must not add a cell. */

/**
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 */
export function guardKeys(root, signal) {
  root.addEventListener(
    "keydown",
    (event) => {
      // Save, copy, print and the like still belong to the page.
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape" && event.target instanceof HTMLElement) event.target.blur();
      event.stopPropagation();
    },
    { signal },
  );
  root.addEventListener(
    "focusin",
    (event) => {
      // JupyterLab looks at the focused element itself before any listener of ours runs.
      if (event.target instanceof HTMLElement) event.target.dataset.lmSuppressShortcuts = "true";
    },
    { signal },
  );
}

/**
 * The direction of an arrow key, with Home, End and pages; null for other keys.
 * @param {KeyboardEvent} event
 * @returns {{dx: number, dy: number, end: number} | null} `end`: −1 Home, +1 End; Shift makes steps ten times as long
 */
export function arrow(event) {
  const size = event.shiftKey ? 10 : 1;
  /** @type {Record<string, [number, number, number]>} */
  const table = {
    ArrowLeft: [-size, 0, 0],
    ArrowRight: [size, 0, 0],
    ArrowUp: [0, size, 0],
    ArrowDown: [0, -size, 0],
    PageUp: [0, 10, 0],
    PageDown: [0, -10, 0],
    Home: [0, 0, -1],
    End: [0, 0, 1],
  };
  const hit = table[event.key];
  return hit ? { dx: hit[0], dy: hit[1], end: hit[2] } : null;
}
