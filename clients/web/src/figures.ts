/** What the live panel shows: keys pressed against characters written, and how long a key waited for its words. */

/** The server's counts of one session, from `foreword.status`. */
export interface Work {
  forwards: number;
  decoded: number;
  reused: number;
}

/** The times that percentiles are of: the last so many keys. */
const KEPT = 200;

/**
 * Figures of one document, written from empty.
 *
 * Keystroke savings are counted as in the literature on predictive keyboards: (characters - keys) / characters, where taking
 * a word or a phrase is one key. A key that takes something away is a key too.
 */
export class Figures {
  keys = 0;
  last: number | undefined;
  private pasted = 0;
  private length = 0;
  private waiting: number[] = [];
  private times: number[] = [];
  private first: Work | undefined;
  private work: Work | undefined;

  /** Start anew. */
  clear(): void {
    this.keys = this.pasted = this.length = 0;
    this.last = undefined;
    this.waiting = [];
    this.times = [];
    this.first = this.work;
  }

  /**
   * Take note of a key.
   *
   * @param length of the document after it, in characters
   * @param pressed when it was, in milliseconds
   */
  key(length: number, pressed: number, keys = 1): void {
    this.keys += keys;
    this.length = length;
    this.waiting.push(pressed);
  }

  /** Take note of a change that came with a key that is counted. */
  changed(length: number): void {
    this.length = length;
  }

  /** Take note of a change that no keys made: what is pasted saves none. */
  paste(length: number): void {
    this.pasted += length - this.length;
    this.length = length;
  }

  /** Take note that the words for the last key are on the screen: keys before it that were not answered waited as well. */
  answered(now: number): void {
    for (const pressed of this.waiting) {
      this.last = now - pressed;
      this.times.push(this.last);
    }
    this.waiting = [];
    this.times.splice(0, this.times.length - KEPT);
  }

  /** Take note of the server's counts. */
  worked(work: Work): void {
    this.first ??= work;
    this.work = work;
  }

  /** Characters written, without what was pasted. */
  get characters(): number {
    return Math.max(0, this.length - this.pasted);
  }

  /** Keystroke savings in percent; undefined before the first character. Negative where more was pressed than is there. */
  get savings(): number | undefined {
    return this.characters ? (100 * (this.characters - this.keys)) / this.characters : undefined;
  }

  /** Milliseconds from key to words, by nearest rank; undefined before the first answer. */
  percentile(share: number): number | undefined {
    const sorted = [...this.times].sort((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  }

  /** Passes through the model for each key, also those behind answers. */
  get forwards(): number | undefined {
    return this.work && this.first && this.keys ? (this.work.forwards - this.first.forwards) / this.keys : undefined;
  }

  /** How much of what the model had to know was in its cache, in percent. */
  get reused(): number | undefined {
    if (!this.work || !this.first) {
      return undefined;
    }
    const reused = this.work.reused - this.first.reused;
    const all = reused + this.work.decoded - this.first.decoded;
    return all ? (100 * reused) / all : undefined;
  }
}
