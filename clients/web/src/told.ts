/** What is offered, told in words to who listens instead of looking: in a live region, once the writer has paused. */

import { forEachDiagnostic } from '@codemirror/lint';
import type { EditorView } from '@codemirror/view';
import { shown } from './ghost.ts';

/** Milliseconds without a change: not at every key. */
const LULL = 700;

export class Teller {
  private timer: number | undefined;
  private marks = new Set<string>();

  constructor(
    private readonly view: EditorView,
    private readonly region: HTMLElement,
    private readonly words: () => string[],
  ) {}

  /** Tell, soon, what there is then. */
  soon(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.tell(), LULL);
  }

  private tell(): void {
    const words = this.words().map((word, index) => `${index + 1} ${word}`);
    const phrase = shown(this.view).trim();
    const marks = this.newMarks();
    const sentences = [
      words.length ? `Words: ${words.join(', ')}.` : '',
      phrase ? `Phrase: ${phrase}` : '',
      marks.length ? `Marked: ${marks.join(' ')}` : '',
    ];
    this.region.textContent = sentences.filter(Boolean).join(' ');
  }

  /** The marks that were not there when something was told last. */
  private newMarks(): string[] {
    const before = this.marks;
    this.marks = new Set();
    forEachDiagnostic(this.view.state, ({ message }, from, to) => {
      this.marks.add(`${this.view.state.sliceDoc(from, to)} ${message}`);
    });
    return [...this.marks].filter((mark) => !before.has(mark));
  }
}
