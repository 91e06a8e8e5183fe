/** A WebSocket that comes back by itself: the wait doubles after each failure. */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** The service tells the time each second, so a longer silence means a dead link. */
const SILENCE_MS = 10_000;

export type ConnectionState = "connecting" | "open" | "waiting" | "closed";

export interface SocketLike {
  binaryType: BinaryType;
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  send(data: string): void;
  close(): void;
}

export interface Listener {
  onState(state: ConnectionState): void;
  onOpen(): void;
  onMessage(data: string | ArrayBuffer): void;
}

const OPEN = 1;

export class LiveConnection {
  private socket: SocketLike | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;

  constructor(
    private readonly listener: Listener,
    private readonly open: () => SocketLike,
    private readonly random: () => number = Math.random,
  ) {}

  start(): void {
    this.listener.onState("connecting");
    const socket = this.open();
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    this.watch();
    socket.onopen = () => {
      this.listener.onState("open");
      this.listener.onOpen();
    };
    socket.onmessage = (event) => {
      this.failures = 0;
      this.watch();
      this.listener.onMessage(event.data as string | ArrayBuffer);
    };
    socket.onclose = () => this.retry();
  }

  send(message: object): void {
    if (this.socket?.readyState === OPEN) this.socket.send(JSON.stringify(message));
  }

  stop(): void {
    clearTimeout(this.timer);
    this.drop();
    this.listener.onState("closed");
  }

  /** Wait before the next attempt, spread so that many pages do not come back at once. */
  static waitMs(failures: number, random: number): number {
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
    return longest * (0.75 + 0.25 * random);
  }

  private watch(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.retry(), SILENCE_MS);
  }

  private retry(): void {
    clearTimeout(this.timer);
    this.drop();
    this.listener.onState("waiting");
    this.timer = setTimeout(
      () => this.start(),
      LiveConnection.waitMs(this.failures, this.random()),
    );
    this.failures += 1;
  }

  private drop(): void {
    const socket = this.socket;
    if (socket === null) return;
    this.socket = null;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
