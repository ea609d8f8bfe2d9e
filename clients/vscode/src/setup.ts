/** From nothing to a server: what the user is told and asked. Nothing is installed before the user has said yes. */

import * as os from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { InstallError, install, Stopped } from './install';
import { findPython, type Python, WANTED } from './python';
import type { Home } from './server';

const DOWNLOADS = 'https://www.python.org/downloads/';

/** What an installation takes from the package index; on Linux, PyTorch's usual build comes with libraries for GPUs. */
const SIZE = process.platform === 'linux' ? 'Up to several GB' : 'Some hundred MB';

export class Setup {
  private underWay: Promise<boolean> | undefined;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly home: Home,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Say that there is no server, and offer what helps; returns whether there is one now. */
  async offer(): Promise<boolean> {
    const answer = await vscode.window.showInformationMessage(
      `Foreword needs its server, a program in Python that runs on ${where()}.`,
      'Install…',
      'I Have It Already',
      'Not Now',
    );
    if (answer === 'I Have It Already') {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'foreword.server.command');
      return false;
    }
    return answer === 'Install…' && this.install();
  }

  /** Ask, and install; returns whether the server is there now. A second call joins the first. */
  install(): Promise<boolean> {
    this.underWay ??= this.askAndInstall().finally(() => {
      this.underWay = undefined;
    });
    return this.underWay;
  }

  private async askAndInstall(): Promise<boolean> {
    const python = await this.python();
    if (!python) {
      return false;
    }
    const anew = this.home.version !== undefined;
    const yes = await vscode.window.showInformationMessage(
      `Install Foreword's server ${anew ? 'anew ' : ''}on ${where()}?`,
      {
        modal: true,
        detail: [
          `${SIZE} are fetched from the Python package index, once, and put into a virtual environment of their own:`,
          this.home.folder,
          `Python ${python.version.join('.')}: ${python.path}`,
          `The server then fetches its models (180 MB). What you write stays on ${where()}.`,
        ].join('\n\n'),
      },
      'Install',
    );
    return yes === 'Install' && this.withProgress(python, anew);
  }

  /** A Python that fits; what to do about it, where there is none. */
  private async python(): Promise<Python | undefined> {
    const chosen = setting<string>('python') ?? '';
    const { fit, unfit } = await findPython(chosen);
    if (fit) {
      return fit;
    }
    const found = unfit.map(({ path: place, version }) => `Python ${version.join('.')} (${place})`).join(', ');
    const problem = found
      ? `Foreword needs Python ${WANTED}; found was only ${found}.`
      : chosen
        ? `${chosen} (setting foreword.server.python) is no Python.`
        : `Foreword needs Python ${WANTED}, and there is no Python on ${where()}.`;
    this.log.error(problem);
    const answer = await vscode.window.showErrorMessage(problem, 'Get Python', 'Choose a Python…');
    if (answer === 'Get Python') {
      await vscode.env.openExternal(vscode.Uri.parse(DOWNLOADS));
    } else if (answer === 'Choose a Python…') {
      return this.choosePython();
    }
    return undefined;
  }

  private async choosePython(): Promise<Python | undefined> {
    const [file] =
      (await vscode.window.showOpenDialog({
        title: `Choose Python ${WANTED}`,
        openLabel: 'Use This Python',
        defaultUri: vscode.Uri.file(os.homedir()),
      })) ?? [];
    if (!file) {
      return undefined;
    }
    const configuration = vscode.workspace.getConfiguration('foreword');
    await configuration.update('server.python', file.fsPath, vscode.ConfigurationTarget.Global);
    return this.python();
  }

  private async withProgress(python: Python, anew: boolean): Promise<boolean> {
    const title = 'Installing the Foreword server';
    const options = { location: vscode.ProgressLocation.Notification, cancellable: true, title };
    try {
      await vscode.window.withProgress(options, (progress, token) =>
        install({
          packages: path.join(this.context.extensionPath, 'server'),
          home: this.home,
          python,
          anew,
          pipArguments: setting<string[]>('pipArguments') ?? [],
          say: (message) => progress.report({ message }),
          log: (line) => this.log.info(line),
          token,
        }),
      );
      return true;
    } catch (error) {
      if (!(error instanceof Stopped)) {
        void this.failed(error);
      }
      return false;
    }
  }

  private async failed(error: unknown): Promise<void> {
    this.log.error(String(error));
    const message =
      error instanceof InstallError ? error.message : 'The server could not be installed; the log says why.';
    const answer = await vscode.window.showErrorMessage(message, 'Show Log', 'Try Again', 'Choose a Python…');
    if (answer === 'Show Log') {
      this.log.show();
    } else if (answer === 'Try Again') {
      await vscode.commands.executeCommand('foreword.install');
    } else if (answer === 'Choose a Python…' && (await this.choosePython())) {
      await vscode.commands.executeCommand('foreword.install');
    }
  }
}

/** The machine that the server runs on, in words: in a remote workspace it is not the one before the user. */
function where(): string {
  return vscode.env.remoteName ? `the remote machine (${vscode.env.remoteName})` : 'this machine';
}

function setting<Value>(name: string): Value | undefined {
  return vscode.workspace.getConfiguration('foreword.server').get<Value>(name);
}
