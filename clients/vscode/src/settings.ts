/**
 * What the server is told of the settings: only those that somebody set.
 *
 * VS Code fills in defaults, and the editor comes last in the server's order: sent along, they would hide what the user's
 * and the project's own files say.
 */

import type { WorkspaceConfiguration } from 'vscode';

const SECTION = 'foreword';

/** Settings that are this extension's alone begin so; the server does not know them. */
const OWN = ['server', 'bar'];

export type Tree = { [key: string]: unknown };

/** Return the keys of the server's settings, without the section, as the extension's package declares them. */
export function serverKeys(packageJson: { contributes: { configuration: unknown } }): string[] {
  const groups = [packageJson.contributes.configuration].flat() as { properties: Tree }[];
  return groups
    .flatMap((group) => Object.keys(group.properties))
    .map((key) => key.slice(SECTION.length + 1))
    .filter((key) => !OWN.includes(key.split('.')[0] as string));
}

/**
 * Return the tree of what is set, for `initializationOptions` and `workspace/configuration`.
 *
 * @param configuration The section `foreword`.
 */
export function settingsTree(
  keys: readonly string[],
  configuration: Pick<WorkspaceConfiguration, 'get' | 'inspect'>,
): Tree {
  const tree: Tree = {};
  for (const key of keys.filter((key) => isSet(configuration.inspect(key)))) {
    const path = key.split('.');
    const last = path.pop() as string;
    let table = tree;
    for (const name of path) {
      table[name] ??= {};
      table = table[name] as Tree;
    }
    table[last] = configuration.get(key); // of objects, VS Code merges what the user's and the folder's settings say
  }
  return tree;
}

function isSet(inspected: ReturnType<WorkspaceConfiguration['inspect']>): boolean {
  const { globalValue, workspaceValue, workspaceFolderValue } = inspected ?? {};
  return [globalValue, workspaceValue, workspaceFolderValue].some((value) => value !== undefined);
}
