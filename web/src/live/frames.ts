/** Binary frames of the live socket: little endian, a header, the trace id, then float32 bins. */

const FORMAT = 1;
const HEADER_BYTES = 24;
const KIND_TRACE = 1;
const KIND_CURVE = 2;
const decoder = new TextDecoder();

export interface Frame {
  kind: "trace" | "curve";
  traceId: string;
  /** Milliseconds since 1970 of the first bin; a multiple of `binMs`. */
  startMs: number;
  binMs: number;
  /** NaN where nothing is known; for curves the same array as `maximum`. */
  minimum: Float32Array;
  maximum: Float32Array;
}

export class FrameError extends Error {}

/** Return what a binary message holds; throws `FrameError` where it holds no frame. */
export function decodeFrame(buffer: ArrayBuffer): Frame {
  if (buffer.byteLength < HEADER_BYTES) {
    throw new FrameError(`frame of ${buffer.byteLength} bytes; the header alone has ${HEADER_BYTES}`);
  }
  const view = new DataView(buffer);
  const format = view.getUint8(0);
  const kind = view.getUint8(1);
  if (format !== FORMAT) throw new FrameError(`frame format ${format}; this page knows ${FORMAT}`);
  if (kind !== KIND_TRACE && kind !== KIND_CURVE) throw new FrameError(`frame kind ${kind}`);
  const idBytes = view.getUint16(2, true);
  const nBins = view.getUint32(4, true);
  const startMs = view.getFloat64(8, true);
  const binMs = view.getFloat64(16, true);
  const nRows = kind === KIND_TRACE ? 2 : 1;
  const valuesAt = HEADER_BYTES + Math.ceil(idBytes / 8) * 8;
  const expected = valuesAt + 4 * nBins * nRows;
  if (buffer.byteLength !== expected) {
    throw new FrameError(`frame of ${buffer.byteLength} bytes; its header says ${expected}`);
  }
  if (!(binMs > 0) || !Number.isFinite(startMs)) {
    throw new FrameError(`frame of bins of ${binMs} ms from ${startMs}`);
  }
  const traceId = decoder.decode(new Uint8Array(buffer, HEADER_BYTES, idBytes));
  const first = readFloats(view, valuesAt, nBins);
  if (kind === KIND_CURVE) {
    return { kind: "curve", traceId, startMs, binMs, minimum: first, maximum: first };
  }
  const maximum = readFloats(view, valuesAt + 4 * nBins, nBins);
  return { kind: "trace", traceId, startMs, binMs, minimum: first, maximum };
}

function readFloats(view: DataView, offset: number, count: number): Float32Array {
  const values = new Float32Array(count);
  for (let index = 0; index < count; index += 1) {
    values[index] = view.getFloat32(offset + 4 * index, true);
  }
  return values;
}
