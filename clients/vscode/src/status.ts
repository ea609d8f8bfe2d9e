/** The status item: what Foreword is doing, and the way to its menu. */

import * as vscode from 'vscode';
import type { Session, State } from './session';

const ICONS: Record<State['name'], string> = {
  loading: '$(loading~spin)',
  starting: '$(loading~spin)',
  ready: '$(whole-word)',
  thinking: '$(whole-word)',
  paused: '$(debug-pause)',
  error: '$(warning)',
  stopped: '$(circle-slash)',
};

const WORDS: Record<State['name'], string> = {
  loading: 'loading',
  starting: 'starting',
  ready: 'ready',
  thinking: 'reading',
  paused: 'paused',
  error: 'in trouble',
  stopped: 'off',
};

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('foreword.status', vscode.StatusBarAlignment.Right, 100);
  private readonly listener: vscode.Disposable;

  constructor(session: Session) {
    this.item.name = 'Foreword';
    this.item.command = 'foreword.menu';
    this.listener = session.onDidChange((state) => this.show(state));
    this.show(session.state);
  }

  /** Show a state; also one that no session has, such as an installation. */
  show(state: State): void {
    const { name, message } = state;
    this.item.text = `${ICONS[name]} Foreword`;
    this.item.tooltip = `Foreword is ${WORDS[name]}.${message ? ` ${message}` : ''}`;
    this.item.accessibilityInformation = { label: `Foreword: ${WORDS[name]}`, role: 'button' };
    const trouble = name === 'error' || (name === 'stopped' && message);
    this.item.backgroundColor = trouble ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.item.show();
  }

  dispose(): void {
    this.listener.dispose();
    this.item.dispose();
  }
}
