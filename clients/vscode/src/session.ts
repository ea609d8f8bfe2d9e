/** The server's life: started when there is prose, started again when it ends by itself, stopped with the window. */

import * as vscode from 'vscode';
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  type StaticFeature,
} from 'vscode-languageclient/node';
import { SELECTOR } from './languages';
import { Restarts } from './restarts';
import type { Server } from './server';
import { settingsTree } from './settings';
import { Words } from './words';

/** The states that the server tells of (`foreword/status`). */
type Told = 'loading' | 'ready' | 'thinking' | 'paused' | 'error';

/**
 * What the status item shows. `starting`: the process has not answered yet, or ended and will be started again. `stopped`:
 * there is no server, and the message says why.
 */
export interface State {
  name: Told | 'starting' | 'stopped';
  message: string;
}

/** What a session needs to know of the rest. */
export interface Surroundings {
  /** Keys of the settings that the server knows. */
  keys: readonly string[];
  log: vscode.LogOutputChannel;
  /** Told when the server has ended too often. */
  gaveUp: () => void;
}

/** Tells the server that `foreword/status` is understood here. */
const ANNOUNCEMENT: StaticFeature = {
  fillClientCapabilities: (capabilities) => {
    capabilities.experimental = { ...capabilities.experimental, forewordStatus: true };
  },
  initialize: () => undefined,
  getState: () => ({ kind: 'static' }),
  clear: () => undefined,
};

export class Session implements vscode.Disposable {
  client: LanguageClient | undefined;
  words: Words | undefined;
  private current: State = { name: 'stopped', message: '' };
  private server: Server | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly restarts = new Restarts();
  private readonly changes = new vscode.EventEmitter<State>();
  private readonly listener: vscode.Disposable;

  /** Fired when the state has changed, or what is on offer may have. */
  readonly onDidChange = this.changes.event;

  constructor(private readonly around: Surroundings) {
    this.listener = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('foreword') && this.client?.isRunning()) {
        // The server asks for them in turn: see `workspace.configuration` below.
        void this.client.sendNotification('workspace/didChangeConfiguration', { settings: null });
      }
    });
  }

  get state(): State {
    return this.current;
  }

  /** The version that the server says it has. */
  get version(): string | undefined {
    return this.client?.initializeResult?.serverInfo?.version;
  }

  /** Start a server in the place of the one that is there; what became of the earlier ones is forgotten. */
  async start(server: Server): Promise<boolean> {
    await this.stop();
    this.restarts.forget();
    this.server = server;
    const client = await this.launch();
    if (!client && !this.client) {
      await this.stop(`The server could not be started: ${[server.command, ...server.args].join(' ')}`);
    }
    return client !== undefined;
  }

  /** End the server. */
  async stop(message = ''): Promise<void> {
    clearTimeout(this.timer);
    const { client } = this;
    this.client = this.words = undefined;
    this.become({ name: 'stopped', message });
    if (client?.needsStop()) {
      await client.dispose(2000).catch(() => undefined); // it may have died meanwhile
    }
  }

  /** Run a command of the server; undefined where there is none, or it fails. */
  async command(command: string, ...args: unknown[]): Promise<unknown> {
    return this.client?.sendRequest('workspace/executeCommand', { command, arguments: args }).catch(() => undefined);
  }

  dispose(): Promise<void> {
    this.listener.dispose();
    return this.stop();
  }

  /** Start a process and greet it; undefined if that fails. */
  private async launch(): Promise<LanguageClient | undefined> {
    const { log } = this.around;
    const { command, args } = this.server as Server;
    log.info(`starting ${[command, ...args].join(' ')}`);
    this.become({ name: 'starting', message: '' });
    const client: LanguageClient = new LanguageClient(
      'foreword',
      'Foreword',
      { command, args },
      this.options(() => client),
    );
    client.registerFeature(ANNOUNCEMENT);
    client.onNotification('foreword/status', ({ state, message }: { state: Told; message: string }) => {
      if (this.client === client) {
        this.current = { name: state, message };
        this.reconsider();
      }
    });
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      log.error(String(error));
      if (this.client === client) {
        this.client = undefined;
      }
      return undefined;
    }
    if (this.client !== client) {
      return undefined; // stopped, or ended, meanwhile
    }
    this.words = new Words(client);
    if (this.current.name === 'starting') {
      this.current = { name: 'ready', message: '' };
    }
    this.reconsider();
    return client;
  }

  private options(client: () => LanguageClient): LanguageClientOptions {
    const { keys, log } = this.around;
    const settings = (folder?: vscode.Uri) => settingsTree(keys, vscode.workspace.getConfiguration('foreword', folder));
    return {
      documentSelector: SELECTOR,
      outputChannel: log,
      initializationOptions: () => settings(),
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          if (this.words && this.client === client()) {
            this.ended(); // else it is being started or stopped, and whoever does that hears of it
          }
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
      initializationFailedHandler: () => false,
      middleware: {
        provideCompletionItem: async (document, position, _context, token) => {
          const offer = await this.words?.at(document, position);
          return client().protocol2CodeConverter.asCompletionResult(offer?.list, undefined, token);
        },
        workspace: {
          configuration: ({ items }) => {
            setTimeout(() => this.reconsider()); // once the server has the answer
            return items.map(({ section, scopeUri }) =>
              section === 'foreword' ? settings(scopeUri ? vscode.Uri.parse(scopeUri) : undefined) : null,
            );
          },
        },
      },
    };
  }

  /** The process went without having been asked to, or one that was to take its place did not start. */
  private ended(): void {
    this.client = this.words = undefined;
    const wait = this.restarts.ended();
    if (wait === undefined) {
      this.become({ name: 'stopped', message: 'The server ended again and again.' });
      this.around.gaveUp();
      return;
    }
    this.around.log.warn(`the server ended; it is started again in ${wait} ms`);
    this.become({ name: 'starting', message: 'The server ended and is started again.' });
    this.timer = setTimeout(async () => {
      if (!(await this.launch()) && this.current.name === 'starting') {
        this.ended();
      }
    }, wait);
  }

  /** What was offered may not be offered any more, though nothing was typed. */
  private reconsider(): void {
    this.words?.forget();
    this.changes.fire(this.current);
  }

  private become(state: State): void {
    this.current = state;
    this.changes.fire(state);
  }
}
