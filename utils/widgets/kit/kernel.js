/**
 * Requests to the kernel: the newest of each kind wins, late replies are dropped, and a page
 * without a kernel says so instead of waiting.
 */

/**
 * @typedef {Object} Reply
 * @property {any} payload
 * @property {ArrayLike<number> | null} array
 * @property {number[]} shape
 */

/** @type {Record<string, any>} */
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
};

/**
 * Return raw bytes as a typed array; a copy, since the bytes may lie at an odd place.
 * @param {DataView | ArrayBuffer} bytes
 * @param {string} dtype
 * @returns {any}
 */
export function typedArray(bytes, dtype) {
  const view = bytes instanceof ArrayBuffer ? new DataView(bytes) : bytes;
  const copy = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  return new ARRAYS[dtype](copy);
}

/**
 * Whether a kernel can answer. A static page has a manager that only knows how to load code.
 * @param {any} model
 * @returns {boolean}
 */
export function hasKernel(model) {
  const manager = model.widget_manager;
  return Boolean(manager) && ("kernel" in manager || !("loader" in manager));
}

/** An error that says that nobody needs the answer any more. */
export class Superseded extends Error {}

/** An error that says that there is nobody to ask. */
export class NoKernel extends Error {}

/** @typedef {{id: number, resolve: (r: Reply) => void, reject: (e: Error) => void, progress?: (r: Reply) => void}} Asked */

/**
 * @param {any} model anywidget's
 * @param {AbortSignal} signal
 * @param {(busy: boolean) => void} [tell] called when the widget begins or ends to wait for the kernel
 */
export function createRequests(model, signal, tell = () => {}) {
  let lastId = 0;
  /** @type {Asked | null} */
  let open = null;
  const wait = (/** @type {Asked | null} */ asked) => {
    open = asked;
    tell(asked !== null);
  };

  /**
   * @param {any} content
   * @param {(DataView | ArrayBuffer)[]} buffers
   */
  const receive = (content, buffers) => {
    if (!open || content.id !== open.id) return;
    const asked = open;
    if (content.done) wait(null);
    if (!content.ok) {
      asked.reject(content.error === "stopped" ? new Superseded("stopped") : new Error(content.error));
      return;
    }
    const array = buffers?.length ? typedArray(buffers[0], content.dtype) : null;
    const reply = { payload: content.payload, array, shape: content.shape ?? [] };
    (content.done ? asked.resolve : asked.progress)?.(reply);
  };
  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => model.off("msg:custom", receive));

  return {
    /**
     * @param {string} op
     * @param {Record<string, any>} [payload] JSON
     * @param {{array?: any, dtype?: string, shape?: number[], progress?: (r: Reply) => void}} [options]
     * @returns {Promise<Reply>}
     */
    request(op, payload = {}, { array, dtype = "float32", shape, progress } = {}) {
      if (!hasKernel(model)) {
        return Promise.reject(new NoKernel("no kernel: run this notebook to compute it"));
      }
      open?.reject(new Superseded("superseded"));
      lastId += 1;
      const content = { id: lastId, op, payload, ...(array ? { dtype, shape: shape ?? [array.length] } : {}) };
      return new Promise((resolve, reject) => {
        wait({ id: lastId, resolve, reject, progress });
        model.send(content, {}, array ? [array.buffer] : []);
      });
    },
    /** Ask the kernel to stop what it does for this widget. */
    stop() {
      if (open) model.send({ op: "stop" });
    },
  };
}
