// @ts-check
// Starts the language server and leaves the rest to vscode-languageclient, which knows inline completion.
const vscode = require("vscode");
const { LanguageClient, State } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;
/** Starts and stops follow each other, whatever asks for them. */
let queue = Promise.resolve();

/** @type {vscode.StatusBarItem | undefined} */
let statusBar;
/** @type {Record<string, string>} */
const ICONS = {
  loading: "$(loading~spin)",
  ready: "$(check)",
  generating: "$(loading~spin)",
  paused: "$(debug-pause)",
  error: "$(error)",
};

/**
 * The settings that no workspace can set. The server takes them from no editor, since most let a repository bring
 * settings along: they go on its command line.
 * @type {string[]}
 */
let userOnly = [];

function createClient() {
  const [command, ...args] = own("command") ?? ["seekline", "serve"];
  const made = new LanguageClient(
    "seekline",
    "Seekline",
    { command, args: [...args, ...userOnly.flatMap(asOptions)] },
    {
      documentSelector: [{ scheme: "file" }, { scheme: "untitled" }, { scheme: "vscode-notebook-cell" }],
      // The server asks for the section itself; what is not set is null there, and a seekline.toml holds.
      synchronize: { configurationSection: "seekline" },
      middleware: {
        workspace: {
          configuration: async (params, token, next) => {
            const answers = await next(params, token);
            return Array.isArray(answers) ? answers.map(withoutUserOnly) : answers;
          },
        },
      },
    },
  );
  made.registerFeature({
    fillClientCapabilities: (capabilities) => {
      capabilities.experimental = { ...capabilities.experimental, seekline: { status: true } };
    },
    initialize: () => {},
    getState: () => ({ kind: "static" }),
    clear: () => {},
  });
  made.onNotification("seekline/status", showStatus);
  return made;
}

/** @param {{ state: string, message: string }} status */
function showStatus({ state, message }) {
  if (statusBar) {
    statusBar.text = `${ICONS[state] ?? ""} Seekline`;
    statusBar.tooltip = message;
    statusBar.show();
  }
}

/**
 * A setting as the user has it, or its default; never a workspace's.
 * @param {string} key
 */
function own(key) {
  const found = vscode.workspace.getConfiguration("seekline").inspect(key);
  return /** @type {any} */ (found?.globalValue ?? found?.defaultValue);
}

/**
 * @param {string} key
 * @returns {string[]}
 */
function asOptions(key) {
  const value = own(key);
  const option = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (value === null || value === undefined) {
    return [];
  }
  if (typeof value === "boolean") {
    return [value ? `--${option}` : `--no-${option}`];
  }
  return [value].flat().map((one) => `--${option}=${one}`);
}

/**
 * The section as the server is told it. A workspace can only add to what is excluded, where VS Code would let its list
 * take the place of the user's.
 * @param {any} section
 */
function withoutUserOnly(section) {
  if (section === null || typeof section !== "object") {
    return section;
  }
  const kept = Object.fromEntries(Object.entries(section).filter(([key]) => !userOnly.includes(key)));
  const excluded = own("exclude");
  return excluded ? { ...kept, exclude: [...new Set([...excluded, ...(kept.exclude ?? [])])] } : kept;
}

async function start() {
  client = createClient();
  try {
    await client.start();
  } catch (error) {
    const choice = await vscode.window.showErrorMessage(
      `Seekline's server could not be started (${error instanceof Error ? error.message : error}). ` +
        "Install it with `pipx install .` in a clone of Seekline, or set where it is.",
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
  statusBar?.hide();
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

async function snooze() {
  const choice = await vscode.window.showQuickPick(["5 minutes", "15 minutes", "60 minutes"], {
    title: "No completions, unless invoked, for",
  });
  if (choice) {
    await vscode.commands.executeCommand("seekline.pause", { minutes: parseInt(choice) });
  }
}

/** @param {vscode.ExtensionContext} context */
exports.activate = (context) => {
  const settings = context.extension.packageJSON.contributes.configuration.properties;
  userOnly = Object.keys(settings)
    .filter((name) => settings[name].scope === "machine" && name !== "seekline.command")
    .map((name) => name.slice("seekline.".length));
  statusBar = vscode.window.createStatusBarItem("seekline.status", vscode.StatusBarAlignment.Right);
  statusBar.name = "Seekline";
  context.subscriptions.push(
    statusBar,
    vscode.commands.registerCommand("seekline.restart", restart),
    vscode.commands.registerCommand("seekline.showPrompt", showPrompt),
    vscode.commands.registerCommand("seekline.snooze", snooze),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (["command", ...userOnly].some((key) => change.affectsConfiguration(`seekline.${key}`))) {
        restart();
      }
    }),
  );
  return inTurn(start);
};

exports.deactivate = () => inTurn(stop);
