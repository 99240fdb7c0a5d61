// @ts-check
// Starts the language server and leaves the rest to vscode-languageclient, which knows inline completion.
const vscode = require("vscode");
const { LanguageClient, State } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;
/** Starts and stops follow each other, whatever asks for them. */
let queue = Promise.resolve();

function createClient() {
  const [command, ...args] = vscode.workspace.getConfiguration("seekline").get("command", ["seekline", "serve"]);
  return new LanguageClient(
    "seekline",
    "Seekline",
    { command, args },
    {
      documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
      // The server asks for the section itself; what is not set is null there, and a seekline.toml holds.
      synchronize: { configurationSection: "seekline" },
    },
  );
}

async function start() {
  client = createClient();
  try {
    await client.start();
  } catch (error) {
    const choice = await vscode.window.showErrorMessage(
      `Seekline's server could not be started (${error instanceof Error ? error.message : error}). ` +
        "Install it with `pipx install seekline`, or set where it is.",
      "Open settings",
    );
    if (choice) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "seekline.command");
    }
  }
}

async function stop() {
  if (client && client.state === State.Running) {
    await client.stop();
  }
  client = undefined;
}

/** @param {() => Promise<void>} action */
function inTurn(action) {
  queue = queue.then(action, action);
  return queue;
}

const restart = () =>
  inTurn(async () => {
    await stop();
    await start();
  });

async function showPrompt() {
  const editor = vscode.window.activeTextEditor;
  if (!editor || !client) {
    return;
  }
  const position = client.code2ProtocolConverter.asPosition(editor.selection.active);
  const answer = await client.sendRequest("workspace/executeCommand", {
    command: "seekline.prompt",
    arguments: [{ textDocument: { uri: editor.document.uri.toString() }, position }],
  });
  if (answer) {
    const document = await vscode.workspace.openTextDocument({ content: answer.prompt });
    await vscode.window.showTextDocument(document, { preview: true });
  }
}

/** @param {vscode.ExtensionContext} context */
exports.activate = (context) => {
  context.subscriptions.push(
    vscode.commands.registerCommand("seekline.restart", restart),
    vscode.commands.registerCommand("seekline.showPrompt", showPrompt),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("seekline.command")) {
        restart();
      }
    }),
  );
  return inTurn(start);
};

exports.deactivate = () => inTurn(stop);
