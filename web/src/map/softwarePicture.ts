/**
 * The picture of a map that is drawn by software, shown once it is there.
 *
 * Without a graphics card the browser waits for each picture of a WebGL canvas that it shows, with
 * the page standing still for as long as that takes. Here that canvas is not shown: its pixels are
 * asked for, and come onto a canvas of their own when they are ready. The map draws no other
 * picture until then.
 */

import type { Map as MapLibre } from "maplibre-gl";

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
/** Between two looks whether a picture is ready. */
const LOOK_MS = 4;

/** Whether a map is drawn by software, as far as the browser tells; some tell only by an extension. */
export function isDrawnBySoftware(canvas: HTMLCanvasElement): boolean {
  const context = canvas.getContext("webgl2");
  if (context === null) return false;
  const name = String(context.getParameter(context.RENDERER));
  const more = name === "WebKit WebGL" ? context.getExtension("WEBGL_debug_renderer_info") : null;
  return SOFTWARE.test(more === null ? name : String(context.getParameter(more.UNMASKED_RENDERER_WEBGL)));
}

export class SoftwarePicture {
  private readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d", { alpha: false, willReadFrequently: true })!;
  private readonly gl: WebGL2RenderingContext;
  private pixels: WebGLBuffer | null = null;
  private image: ImageData | null = null;
  /** Passed by the software once the picture is drawn; null while none is awaited. */
  private fence: WebGLSync | null = null;
  private isWanted = false;
  private whenShown: (() => void) | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly map: MapLibre) {
    const drawn = map.getCanvas();
    this.gl = drawn.getContext("webgl2")!;
    this.canvas.className = "map-picture";
    this.canvas.setAttribute("aria-hidden", "true"); // the canvas itself has the name and the keys
    drawn.before(this.canvas);
    drawn.classList.add("is-aside");
    const repaint = map.triggerRepaint.bind(map);
    map.triggerRepaint = () => {
      if (this.fence === null) repaint();
      else this.isWanted = true;
    };
    map.on("render", this.take);
  }

  /** Do something in the same go in which the picture of now is shown; a newer wish takes its place. */
  withPicture(act: () => void): void {
    if (this.fence === null) act();
    else this.whenShown = act;
  }

  remove(): void {
    clearTimeout(this.timer);
    this.map.off("render", this.take);
    this.whenShown = null;
    this.canvas.remove();
  }

  /** Ask for the pixels of the picture that was just begun. */
  private readonly take = (): void => {
    const { gl } = this;
    if (this.fence !== null) {
      this.isWanted = true; // this one comes too early
      return;
    }
    const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
    if (this.image?.width !== width || this.image.height !== height) this.image = new ImageData(width, height);
    this.pixels = gl.createBuffer(); // one for each picture: browsers copy a new one ahead of its reading
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.pixels);
    gl.bufferData(gl.PIXEL_PACK_BUFFER, this.image.data.byteLength, gl.STREAM_READ);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, 0);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    this.fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    if (this.fence !== null) this.timer = setTimeout(this.look, LOOK_MS);
  };

  private readonly look = (): void => {
    const { gl, fence } = this;
    if (fence === null) return;
    if (!gl.isContextLost() && gl.getSyncParameter(fence, gl.SYNC_STATUS) !== gl.SIGNALED) {
      this.timer = setTimeout(this.look, LOOK_MS);
      return;
    }
    gl.deleteSync(fence);
    this.fence = null;
    if (!gl.isContextLost()) this.show();
    gl.deleteBuffer(this.pixels);
    const act = this.whenShown;
    this.whenShown = null;
    act?.();
    if (this.isWanted) {
      this.isWanted = false;
      this.map.triggerRepaint();
    }
  };

  /** Upside down, as WebGL counts its rows: the style sheet turns it. */
  private show(): void {
    const { gl, image, canvas } = this;
    if (image === null) return;
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.pixels);
    gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, image.data);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    if (canvas.width !== image.width || canvas.height !== image.height) {
      [canvas.width, canvas.height] = [image.width, image.height];
    }
    this.context.putImageData(image, 0, 0);
  }
}
