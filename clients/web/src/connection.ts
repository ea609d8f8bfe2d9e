/** The connection to the language server, behind the address of the page. */

import { LSPClient, serverDiagnostics, type Transport } from '@codemirror/lsp-client';
import type { Work } from './figures.ts';

/** What the server says of itself. */
export interface Status {
  state: 'loading' | 'ready' | 'thinking' | 'paused' | 'error';
  message: string;
}

/** What `foreword.status` returns, as far as it is shown here. */
export interface Report extends Status {
  decoder: string;
  work: Work;
}

/** Milliseconds for an answer: a model may have to be loaded first. */
const PATIENCE = 60_000;

const CAPABILITIES = {
  experimental: { forewordStatus: true },
  textDocument: {
    completion: { completionItem: { labelDetailsSupport: true } },
    // The library says that it pulls marks, and shows only those that are pushed: this leaves the key out of the message.
    diagnostic: { toJSON: () => undefined },
  },
};

/** Only the newest request of a kind is of interest, so a lost answer needs no word to the writer. */
export async function ask<Result>(client: LSPClient, method: string, params: unknown): Promise<Result | null> {
  try {
    return await client.request<unknown, Result>(method, params);
  } catch {
    return null;
  }
}

/** Run one of the server's commands. */
export function execute<Result>(client: LSPClient, command: string, args: unknown[] = []): Promise<Result | null> {
  return ask(client, 'workspace/executeCommand', { command, arguments: args });
}

/** The server of the page that asks: its session has documents of its own. */
export class Connection {
  private changed: (status: Status) => void = () => {};
  private ended: () => void = () => {};

  private constructor(
    private readonly socket: WebSocket,
    readonly client: LSPClient,
  ) {
    socket.addEventListener('close', () => this.ended());
  }

  /** Connect; rejects if there is no server, or none that lets this page in. */
  static async open(): Promise<Connection> {
    const socket = new WebSocket(`ws://${location.host}/`);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true });
      socket.addEventListener('close', reject, { once: true });
    });
    const client: LSPClient = new LSPClient({
      timeout: PATIENCE,
      extensions: [
        serverDiagnostics(),
        {
          clientCapabilities: CAPABILITIES,
          notificationHandlers: {
            'foreword/status': (_, status: Status) => {
              connection.changed(status);
              return true;
            },
          },
        },
      ],
    });
    const connection = new Connection(socket, client);
    client.connect(transport(socket));
    await client.initializing;
    return connection;
  }

  /** Have `changed` told of the server's status, now and whenever it changes, and `ended` when it is gone. */
  async listen(changed: (status: Status) => void, ended: () => void): Promise<void> {
    this.changed = changed;
    this.ended = ended;
    const report = await this.report();
    if (report) {
      changed(report);
    }
    if (this.socket.readyState > WebSocket.OPEN) {
      ended();
    }
  }

  report(): Promise<Report | null> {
    return execute(this.client, 'foreword.status');
  }
}

function transport(socket: WebSocket): Transport {
  const handlers = new Set<(message: string) => void>();
  socket.addEventListener('message', ({ data }) => {
    for (const handler of handlers) {
      handler(data);
    }
  });
  return {
    send: (message) => socket.send(message),
    subscribe: (handler) => handlers.add(handler),
    unsubscribe: (handler) => handlers.delete(handler),
  };
}
