/** Where a word that is taken needs a space behind it, and where one that was set has to go again. */

/** Before these there is no space. */
const CLOSING = /^[.,;:!?…)\]}»”]/;

/** What to write behind a word, before the text that follows it on its line. */
export function spaceBefore(following: string): '' | ' ' {
  return /^\s/.test(following) || CLOSING.test(following) ? '' : ' ';
}

/** Whether a space that was set with a word goes when this is typed behind it: a mark, or the writer's own space. */
export function takesSpace(typed: string): boolean {
  return typed.length === 1 && (typed === ' ' || CLOSING.test(typed));
}
