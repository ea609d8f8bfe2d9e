/** Words, phrases and marks in a document, with the real server: what is offered, and what taking it does to the text. */

import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { clear, extension, marks, type, until, words, write } from './desk';

suite('Writing', () => {
  suiteSetup(async () => {
    await extension.activate();
    await until('the server', () => extension.exports.state.name === 'ready');
  });
  teardown(clear);

  test('the bar has three words for the cursor, and the list has the same', async () => {
    const { document, selection } = await write('I will be there in a ');
    const shown = await words('words', (words) => words.includes('minute'));
    assert.equal(shown.length, 3);
    const list = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      document.uri,
      selection.active,
    );
    const labels = list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
    assert.deepEqual(labels.slice(0, 3), shown);
  });

  test('a word takes the place of the letters typed, brings its space, and goes again in one step', async () => {
    const { document } = await write('I will be there in a ');
    await words('words');
    await type('mi');
    const [first] = await words('words for the letters', (words) => words.every((word) => word.startsWith('mi')));
    await vscode.commands.executeCommand('foreword.take1');
    assert.equal(document.getText(), `I will be there in a ${first} `);
    await type('.');
    await until('the mark at the word', () => document.getText() === `I will be there in a ${first}.`);
    await vscode.commands.executeCommand('undo');
    await vscode.commands.executeCommand('undo');
    assert.equal(document.getText(), 'I will be there in a mi');
  });

  test('each key takes its own word', async () => {
    for (const [index, command] of ['foreword.take1', 'foreword.take2', 'foreword.take3'].entries()) {
      const { document } = await write('Thank you very much for your ');
      const shown = await words('three words', (words) => words.length === 3);
      await vscode.commands.executeCommand(command);
      assert.equal(document.getText(), `Thank you very much for your ${shown[index]} `);
      await clear();
    }
  });

  test('in the middle of a line the space that is there is the word’s', async () => {
    const editor = await write('I will be there in a mi or so.');
    const place = new vscode.Position(0, 'I will be there in a mi'.length);
    editor.selection = new vscode.Selection(place, place);
    const [first] = await words('words', (words) => words.every((word) => word.startsWith('mi')));
    await vscode.commands.executeCommand('foreword.take1');
    assert.equal(editor.document.getText(), `I will be there in a ${first} or so.`);
    assert.equal(editor.selection.active.character, `I will be there in a ${first} `.length);
  });

  test('there are no words for a selection, nor for two cursors, and the keys take nothing', async () => {
    const editor = await write('I will be there in a ');
    const text = editor.document.getText();
    await words('words');
    const [start, end] = [new vscode.Position(0, 0), new vscode.Position(0, text.length)];
    for (const selections of [
      [new vscode.Selection(start, end)],
      [new vscode.Selection(start, start), new vscode.Selection(end, end)],
    ]) {
      editor.selections = selections;
      await until('an empty bar', () => extension.exports.words.length === 0);
      await vscode.commands.executeCommand('foreword.take1');
      assert.equal(editor.document.getText(), text);
    }
  });

  test('there are no words in code', async () => {
    await write('I will be there in a ', 'plaintext');
    await words('words');
    await write('def there_in_a(', 'python');
    await until('an empty bar', () => extension.exports.words.length === 0);
  });

  test('ghost text is taken by the word, and the rest as a whole', async () => {
    const { document } = await write('I would like to thank you ');
    const before = document.getText();
    const grown = async (command: string, from: string) => {
      await until(command, async () => {
        await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger');
        await new Promise((resolve) => setTimeout(resolve, 200));
        await vscode.commands.executeCommand(command);
        return document.getText() !== from;
      });
      return document.getText().slice(from.length);
    };
    const word = await grown('editor.action.inlineSuggest.acceptNextWord', before);
    assert.match(word, /^\S+\s?$/);
    const rest = await grown('editor.action.inlineSuggest.commit', before + word);
    assert.match(rest, /\S/);
    assert.equal(document.getText(), before + word + rest);
  });

  test('a marked sentence says why, and its quick fix takes the mark away for good', async () => {
    const text = 'The soup was cold and awful, and the cook was rude to us.';
    const editor = await write(`${text}\n\n`);
    const [mark] = await until('a mark', () => marks(editor)[0] && marks(editor));
    assert.match(mark?.message ?? '', /Reads as negative/);
    assert.equal(editor.document.getText(mark?.range), text);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      editor.document.uri,
      mark?.range,
    );
    const ignore = actions.find(({ title }) => title === 'Ignore this sentence')?.command;
    assert.ok(ignore, actions.map(({ title }) => title).join());
    await vscode.commands.executeCommand(ignore.command, ...(ignore.arguments ?? []));
    await until('no mark', () => marks(editor).length === 0);
    await clear();
    const again = await write(`${text}\n\nThe waiter was lazy, and he ruined our whole evening.\n\n`);
    const [other] = await until('the other mark', () => marks(again)[0] && marks(again));
    assert.equal(other?.range.start.line, 2);
  });

  test('a setting reaches the server at once', async () => {
    const settings = vscode.workspace.getConfiguration('foreword');
    await write('I will be there in a ');
    await words('three words', (words) => words.length === 3);
    await settings.update('completion.maxItems', 2, vscode.ConfigurationTarget.Workspace);
    await words('two words', (words) => words.length === 2);
    await settings.update('completion.maxItems', undefined, vscode.ConfigurationTarget.Workspace);
    await words('three words again', (words) => words.length === 3);
    await settings.update('bar.enabled', false, vscode.ConfigurationTarget.Workspace);
    await until('no bar', () => extension.exports.words.length === 0);
    await settings.update('bar.enabled', undefined, vscode.ConfigurationTarget.Workspace);
    await words('the bar again');
  });
});
