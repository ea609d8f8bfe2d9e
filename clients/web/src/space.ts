/** The space behind a word that is taken. */

/** Before these there is none. */
const CLOSING = /^[.,;:!?…)\]}»”]/;

/** What to write behind a word, before the text that follows it on its line. */
export function spaceBefore(following: string): '' | ' ' {
  return /^\s/.test(following) || CLOSING.test(following) ? '' : ' ';
}

/** Whether a space that came with a word goes when this is typed behind it: a mark, or a space of the writer's own. */
export function takesSpace(typed: string): boolean {
  return typed === ' ' || CLOSING.test(typed);
}
