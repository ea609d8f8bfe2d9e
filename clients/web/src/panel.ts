/** The live panel: what the last keys took, cost and saved. */

import type { Figures } from './figures.ts';

const NONE = '–';

const milliseconds = (value: number | undefined) => (value === undefined ? NONE : `${value.toFixed(1)} ms`);
const percent = (value: number | undefined) => (value === undefined ? NONE : `${value.toFixed(1)} %`);

/** Write the figures where the page has room for them: elements with `data-figure`. */
export function showFigures(panel: HTMLElement, figures: Figures): void {
  const { characters, keys, forwards } = figures;
  const texts: Record<string, string> = {
    last: milliseconds(figures.last),
    median: milliseconds(figures.percentile(0.5)),
    p95: milliseconds(figures.percentile(0.95)),
    forwards: forwards === undefined ? NONE : forwards.toFixed(1),
    savings: percent(figures.savings),
    counts: `${keys} ${keys === 1 ? 'key' : 'keys'} for ${characters} ${characters === 1 ? 'character' : 'characters'}`,
    reused: percent(figures.reused),
  };
  for (const element of panel.querySelectorAll<HTMLElement>('[data-figure]')) {
    const text = texts[element.dataset.figure ?? ''] ?? '';
    if (element.textContent !== text) {
      element.textContent = text;
    }
  }
}
