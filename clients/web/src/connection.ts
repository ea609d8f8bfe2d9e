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

/** Connect to the server; `changed` is told of its status, and `ended` when it is gone. */
export async function connect(changed: (status: Status) => void, ended: () => void): Promise<LSPClient> {
  const socket = new WebSocket(`ws://${location.host}/`);
  const handlers = new Set<(message: string) => void>();
  socket.addEventListener('message', ({ data }) => {
    for (const handler of handlers) {
      handler(data);
    }
  });
  socket.addEventListener('close', ended);
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  const transport: Transport = {
    send: (message) => socket.send(message),
    subscribe: (handler) => handlers.add(handler),
    unsubscribe: (handler) => handlers.delete(handler),
  };
  const client = new LSPClient({
    timeout: PATIENCE,
    extensions: [
      serverDiagnostics(),
      {
        clientCapabilities: {
          experimental: { forewordStatus: true },
          textDocument: {
            completion: { completionItem: { labelDetailsSupport: true } },
            // The client says that it pulls, and shows only what is pushed: this leaves the key out of the message.
            diagnostic: { toJSON: () => undefined },
          },
        },
        notificationHandlers: {
          'foreword/status': (_, status: Status) => {
            changed(status);
            return true;
          },
        },
      },
    ],
  });
  client.connect(transport);
  await client.initializing;
  return client;
}
