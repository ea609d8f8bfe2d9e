/** The menu behind the status item. */

import * as vscode from 'vscode';
import { isEnabled, isOurs, PROSE } from './languages';
import type { Session } from './session';

interface Choice extends vscode.QuickPickItem {
  command?: string;
}

/** Show the menu and do what is chosen. */
export async function showMenu(session: Session): Promise<void> {
  const chosen = await vscode.window.showQuickPick(choices(session), {
    title: 'Foreword',
    placeHolder: session.state.message || 'What would you like to do?',
  });
  if (chosen?.command) {
    await vscode.commands.executeCommand(chosen.command);
  }
}

function choices(session: Session): Choice[] {
  const { name } = session.state;
  const running = session.client !== undefined;
  const found: Choice[] = [];
  if (running) {
    found.push(
      name === 'paused'
        ? { label: '$(debug-continue) Resume', command: 'foreword.togglePause' }
        : { label: '$(debug-pause) Pause', description: 'offer and mark nothing', command: 'foreword.togglePause' },
    );
  }
  const document = vscode.window.activeTextEditor?.document;
  if (document && isOurs(document)) {
    const on = isEnabled(document.languageId) ?? PROSE.includes(document.languageId);
    found.push({
      label: `$(book) Turn ${on ? 'Off' : 'On'} for This Language`,
      description: document.languageId,
      command: 'foreword.toggleLanguage',
    });
  }
  found.push(
    { label: '$(gear) Settings', command: 'foreword.openSettings' },
    { label: '$(mortar-board) First Steps', command: 'foreword.openWalkthrough' },
    { label: '$(output) Log', command: 'foreword.showLog' },
    running
      ? { label: '$(debug-restart) Restart the Server', command: 'foreword.restart' }
      : { label: '$(play) Start the Server', command: 'foreword.restart' },
  );
  if (session.version) {
    found.push({ label: '', kind: vscode.QuickPickItemKind.Separator });
    found.push({ label: `$(info) Server ${session.version}`, description: name, command: 'foreword.showLog' });
  }
  return found;
}
