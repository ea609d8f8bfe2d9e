/** Asking the server for words: one request for each place, whoever asks, and the newest wins. */

import * as vscode from 'vscode';
import {
  type CompletionItem,
  type CompletionList,
  CompletionRequest,
  type LanguageClient,
} from 'vscode-languageclient/node';

/** What is offered at one place in one version of a document. */
export interface Offer {
  document: vscode.TextDocument;
  version: number;
  position: vscode.Position;
  list: CompletionList;
}

interface Asked {
  document: vscode.TextDocument;
  version: number;
  position: vscode.Position;
  answer: Promise<Offer | undefined>;
  cancellation: vscode.CancellationTokenSource;
}

/**
 * The words of one server.
 *
 * The server answers only the newest request of a document. The list (Ctrl+Space) and the bar would take the answers out of
 * each other's hands, so both ask here.
 */
export class Words {
  private asked: Asked | undefined;

  constructor(private readonly client: LanguageClient) {}

  /** Ask for the words at a place; undefined if the server has none to say or was asked for another place since. */
  at(document: vscode.TextDocument, position: vscode.Position): Promise<Offer | undefined> {
    const { asked } = this;
    if (
      asked &&
      asked.document === document &&
      asked.version === document.version &&
      asked.position.isEqual(position)
    ) {
      return asked.answer;
    }
    this.forget();
    const cancellation = new vscode.CancellationTokenSource();
    const { version } = document;
    const answer = this.ask(document, position, cancellation.token).then(
      (list) =>
        list && !cancellation.token.isCancellationRequested ? { document, version, position, list } : undefined,
      () => undefined, // cancelled, or the server went: its session tells of that
    );
    this.asked = { document, version, position, answer, cancellation };
    return answer;
  }

  /** Ask anew next time, though nothing was typed: something else may have changed. */
  forget(): void {
    this.asked?.cancellation.cancel();
    this.asked = undefined;
  }

  private async ask(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<CompletionList | undefined> {
    const place = this.client.code2ProtocolConverter.asTextDocumentPositionParams(document, position);
    const result = await this.client.sendRequest(CompletionRequest.type, place, token);
    return Array.isArray(result) || !result ? undefined : result;
  }
}

/** How likely a word is, as the server writes it; empty if it does not. */
export function likelihood(item: CompletionItem): string {
  return item.labelDetails?.description ?? item.detail ?? '';
}
