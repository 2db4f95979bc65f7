/** Time that a visitor looks at a pair, without the time that the page is hidden. */

export class Stopwatch {
  #seconds = 0;
  #since: number | undefined;

  restart(running: boolean): void {
    this.#seconds = 0;
    this.#since = running ? performance.now() : undefined;
  }

  pause(): void {
    this.#seconds = this.seconds;
    this.#since = undefined;
  }

  resume(): void {
    this.#since ??= performance.now();
  }

  get seconds(): number {
    return this.#seconds + (this.#since === undefined ? 0 : (performance.now() - this.#since) / 1000);
  }
}
