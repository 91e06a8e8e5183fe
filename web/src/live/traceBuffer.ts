/** The latest bins of one trace, at places that their times give them: late bins fill their gap. */

export class TraceBuffer {
  private readonly minimum: Float32Array;
  private readonly maximum: Float32Array;
  /** Number, since 1970, of the bin after the newest one; 0 while empty. */
  private pastNewest = 0;

  constructor(
    readonly binMs: number,
    readonly capacity: number,
  ) {
    this.minimum = new Float32Array(capacity).fill(Number.NaN);
    this.maximum = new Float32Array(capacity).fill(Number.NaN);
  }

  /** End of the newest bin in ms since 1970, or null while empty. */
  get endMs(): number | null {
    return this.pastNewest === 0 ? null : this.pastNewest * this.binMs;
  }

  /** Start of the oldest bin that is known, in ms since 1970, or null while empty. */
  get startMs(): number | null {
    for (let bin = Math.max(0, this.pastNewest - this.capacity); bin < this.pastNewest; bin += 1) {
      if (!Number.isNaN(this.highest(bin))) return bin * this.binMs;
    }
    return null;
  }

  /** Number of the bin that holds a time. */
  binAt(timeMs: number): number {
    return Math.floor(timeMs / this.binMs + 1e-6);
  }

  put(startMs: number, minimum: Float32Array, maximum: Float32Array): void {
    const first = Math.round(startMs / this.binMs);
    const pastLast = first + maximum.length;
    if (maximum.length === 0) return;
    if (pastLast > this.pastNewest) this.advance(pastLast);
    for (let bin = Math.max(first, this.pastNewest - this.capacity); bin < pastLast; bin += 1) {
      this.minimum[bin % this.capacity] = minimum[bin - first]!;
      this.maximum[bin % this.capacity] = maximum[bin - first]!;
    }
  }

  lowest(bin: number): number {
    return this.holds(bin) ? this.minimum[bin % this.capacity]! : Number.NaN;
  }

  highest(bin: number): number {
    return this.holds(bin) ? this.maximum[bin % this.capacity]! : Number.NaN;
  }

  private holds(bin: number): boolean {
    return bin < this.pastNewest && bin >= this.pastNewest - this.capacity && bin >= 0;
  }

  private advance(pastNewest: number): void {
    const known = this.pastNewest === 0 ? pastNewest - this.capacity : this.pastNewest;
    for (let bin = Math.max(known, pastNewest - this.capacity); bin < pastNewest; bin += 1) {
      const place = ((bin % this.capacity) + this.capacity) % this.capacity;
      this.minimum[place] = Number.NaN;
      this.maximum[place] = Number.NaN;
    }
    this.pastNewest = pastNewest;
  }
}
