/** Foreword in VS Code: what is there, and when it begins. */

import * as path from 'node:path';
import * as vscode from 'vscode';
import { WordBar } from './bar';
import { isEnabled, isOurs, isWanted, PROSE, setEnabled } from './languages';
import { showMenu } from './menu';
import { findServer, Home, type Server, speaks } from './server';
import { Session, type State } from './session';
import { serverKeys } from './settings';
import { Setup } from './setup';
import { StatusItem } from './status';
import { Taker } from './take';

let foreword: Foreword | undefined;

/** What other extensions see of this one, for a bar of their own or a reader of the screen. */
export interface Shown {
  /** The words on the bar, the likeliest first. */
  readonly words: readonly string[];
  /** The state on the status item. */
  readonly state: State;
}

/** Begin: watch for prose, and start the server for it. */
export function activate(context: vscode.ExtensionContext): Shown {
  foreword = new Foreword(context);
  foreword.startIfWanted();
  return foreword.shown;
}

/** End; VS Code waits for the server to go. */
export function deactivate(): Promise<void> | undefined {
  return foreword?.dispose();
}

class Foreword {
  private readonly log = vscode.window.createOutputChannel('Foreword', { log: true });
  private readonly version: string;
  private readonly home: Home;
  private readonly setup: Setup;
  private readonly session: Session;
  private readonly bar: WordBar;
  private readonly disposables: vscode.Disposable[];
  /** A first start was tried; further ones are asked for by the user. */
  private settled = false;

  constructor(private readonly context: vscode.ExtensionContext) {
    const { packageJSON } = context.extension;
    this.version = packageJSON.version;
    this.home = new Home(path.join(context.globalStorageUri.fsPath, `server-${this.version}`));
    this.setup = new Setup(context, this.home, this.log);
    const keys = serverKeys(packageJSON);
    this.session = new Session({ keys, log: this.log, gaveUp: () => void this.gaveUp() });
    const taker = new Taker();
    this.bar = new WordBar(this.session, taker);
    this.disposables = [
      this.log,
      this.session,
      taker,
      this.bar,
      new StatusItem(this.session),
      vscode.workspace.onDidOpenTextDocument(() => this.startIfWanted()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.start()),
      vscode.workspace.onDidChangeConfiguration((event) => this.configured(event)),
      ...this.commands(),
    ];
  }

  /** What is seen of it now, whenever it is looked at. */
  get shown(): Shown {
    const { bar, session } = this;
    return {
      get words() {
        return bar.words;
      },
      get state() {
        return session.state;
      },
    };
  }

  /** Start the server if there is something to do for it, and nobody has yet. */
  startIfWanted(): void {
    if (!this.settled && vscode.workspace.textDocuments.some(isWanted)) {
      this.settled = true;
      void this.start();
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.disposables.map((disposable) => disposable.dispose()));
  }

  /** Start the server, or say what stands in the way, with what to do about it. */
  private async start(): Promise<void> {
    if (!vscode.workspace.isTrusted) {
      await this.notTrusted();
      return;
    }
    const command = vscode.workspace.getConfiguration('foreword.server').get<string[]>('command') ?? [];
    let server = await findServer(command, this.home);
    if (!server) {
      await this.session.stop('Its server is not installed.');
      server = (await this.setup.offer()) ? await findServer(command, this.home) : undefined;
    }
    if (!server) {
      return;
    }
    if (await this.session.start(server)) {
      await this.checkVersion(server);
    } else if (this.session.state.name === 'stopped') {
      await this.notStarted(server);
    }
  }

  private async notTrusted(): Promise<void> {
    const message = 'Foreword is off here: this folder is not trusted, and its settings may name programs and models.';
    await this.session.stop(message);
    const answer = await vscode.window.showInformationMessage(message, 'Manage Trust');
    if (answer) {
      await vscode.commands.executeCommand('workbench.trust.manage');
    }
  }

  private async notStarted(server: Server): Promise<void> {
    const message = `The Foreword server could not be started (${[server.command, ...server.args].join(' ')}).`;
    const mend = server.source === 'settings' ? 'Open Settings' : 'Install…';
    const answer = await vscode.window.showErrorMessage(message, mend, 'Show Log');
    if (answer === 'Open Settings') {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'foreword.server.command');
    } else if (answer === 'Install…') {
      await this.install();
    } else if (answer) {
      this.log.show();
    }
  }

  private async checkVersion({ source }: Server): Promise<void> {
    const found = this.session.version;
    if (found === undefined || speaks(found, this.version)) {
      return;
    }
    const message = `This is Foreword ${this.version}, and its server is version ${found}: some things may not work.`;
    const mend = source === 'settings' ? 'Open Settings' : `Install ${this.version}…`;
    const answer = await vscode.window.showWarningMessage(message, mend, 'Use It Anyway');
    if (answer === 'Open Settings') {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'foreword.server.command');
    } else if (answer === mend) {
      await this.install();
    }
  }

  private async gaveUp(): Promise<void> {
    const message = 'The Foreword server ended again and again, and is not started any more.';
    const answer = await vscode.window.showErrorMessage(message, 'Start It Again', 'Show Log');
    if (answer === 'Start It Again') {
      await this.start();
    } else if (answer) {
      this.log.show();
    }
  }

  private async install(): Promise<void> {
    const replaced = this.session.client !== undefined && this.home.version !== undefined;
    if (replaced) {
      await this.session.stop('It is being installed.'); // its files are in use as long as it runs
    }
    if ((await this.setup.install()) || replaced) {
      await this.start();
    }
  }

  private configured(event: vscode.ConfigurationChangeEvent): void {
    if (event.affectsConfiguration('foreword.server.command')) {
      void this.start();
    } else if (event.affectsConfiguration('foreword.languages')) {
      this.startIfWanted();
    }
  }

  private commands(): vscode.Disposable[] {
    const commands: Record<string, () => unknown> = {
      'foreword.menu': () => showMenu(this.session),
      'foreword.togglePause': () =>
        this.session.command(this.session.state.name === 'paused' ? 'foreword.resume' : 'foreword.pause'),
      'foreword.toggleLanguage': toggleLanguage,
      'foreword.restart': () => this.start(),
      'foreword.install': () => this.install(),
      'foreword.showLog': () => this.log.show(),
      'foreword.newDocument': newDocument,
      'foreword.openSettings': () =>
        vscode.commands.executeCommand('workbench.action.openSettings', `@ext:${this.context.extension.id}`),
      'foreword.openWalkthrough': () =>
        vscode.commands.executeCommand('workbench.action.openWalkthrough', `${this.context.extension.id}#start`),
    };
    return Object.entries(commands).map(([name, command]) => vscode.commands.registerCommand(name, command));
  }
}

async function newDocument(): Promise<void> {
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: 'markdown' }));
}

async function toggleLanguage(): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (!document || !isOurs(document)) {
    void vscode.window.showInformationMessage('Open a document first: Foreword is turned on and off for its language.');
    return;
  }
  const on = isEnabled(document.languageId) ?? PROSE.includes(document.languageId);
  await setEnabled(document.languageId, !on);
}
