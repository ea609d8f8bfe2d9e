/** When to start a server again that ended by itself: at once, then after longer and longer waits, then no more. */

const FIRST_WAIT = 500; // milliseconds; doubled each time
const MOST = 5; // endings within `WINDOW` after which it is given up
const WINDOW = 3 * 60_000; // milliseconds

/** Counts the endings of one server. */
export class Restarts {
  private endings: number[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  /** Take note that the server ended; returns after how many milliseconds to start it, undefined if no more. */
  ended(): number | undefined {
    const now = this.now();
    this.endings = this.endings.filter((ending) => now - ending < WINDOW);
    this.endings.push(now);
    return this.endings.length > MOST ? undefined : FIRST_WAIT * (2 ** (this.endings.length - 1) - 1);
  }

  /** Forget the past: the user asked for a start. */
  forget(): void {
    this.endings = [];
  }
}
