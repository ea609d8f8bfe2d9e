/** Which documents are Foreword's: prose by the ids that VS Code has for it, and other languages that were turned on. */

import * as vscode from 'vscode';

/** Language ids that the server takes for prose by itself, of VS Code and of extensions that add languages. */
export const PROSE: readonly string[] = [
  'plaintext',
  'markdown',
  'mdx',
  'quarto',
  'rmd',
  'git-commit',
  'scminput',
  'latex',
  'tex',
  'typst',
  'html',
  'org',
  'restructuredtext',
  'asciidoc',
  'mail',
];

/** Where documents of a writer lie: files, new ones, cells of notebooks, the message box of source control. */
const SCHEMES = ['file', 'untitled', 'vscode-notebook-cell', 'vscode-remote', 'vscode-scm', 'vscode-vfs'];

/** The server is told of all of these and says itself what it works in: a project's file may turn a language on. */
export const SELECTOR = SCHEMES.map((scheme) => ({ scheme }));

/** Whether a document is one that the server is told of. */
export function isOurs(document: vscode.TextDocument): boolean {
  return SCHEMES.includes(document.uri.scheme);
}

/** Whether there is a reason to run the server for a document: it is prose, or its language is turned on. */
export function isWanted(document: vscode.TextDocument): boolean {
  return isOurs(document) && (isEnabled(document.languageId) ?? PROSE.includes(document.languageId));
}

/** What the settings say of a language; undefined where they say nothing. */
export function isEnabled(languageId: string): boolean | undefined {
  return languageSettings()[languageId]?.enabled;
}

/** Turn Foreword on or off in a language, in the user's settings; all else that is set there stays. */
export async function setEnabled(languageId: string, enabled: boolean): Promise<void> {
  const configuration = vscode.workspace.getConfiguration('foreword');
  const global = configuration.inspect<Languages>('languages')?.globalValue ?? {};
  const changed = { ...global, [languageId]: { ...global[languageId], enabled } };
  await configuration.update('languages', changed, vscode.ConfigurationTarget.Global);
}

type Languages = Record<string, { enabled?: boolean }>;

function languageSettings(): Languages {
  return vscode.workspace.getConfiguration('foreword').get<Languages>('languages') ?? {};
}
