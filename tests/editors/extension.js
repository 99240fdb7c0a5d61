// Starts VS Code's extension with stand-ins for VS Code and its language client; prints what the server would be given.
const Module = require("module");
const path = require("path");

const folder = process.argv[2];
const { user, workspace } = JSON.parse(process.argv[3]);
const given = {};
const vscode = {
  workspace: {
    getConfiguration: () => ({
      inspect: (key) => ({ defaultValue: undefined, globalValue: user[key], workspaceValue: workspace[key] }),
    }),
    onDidChangeConfiguration: () => undefined,
  },
  commands: { registerCommand: () => undefined },
  window: { createStatusBarItem: () => ({ show: () => undefined, hide: () => undefined }) },
  StatusBarAlignment: { Right: 2 },
};
class LanguageClient {
  constructor(_id, _name, server, client) {
    Object.assign(given, { server, client, capabilities: { experimental: { other: 1 } } });
  }
  registerFeature(feature) {
    feature.fillClientCapabilities(given.capabilities);
  }
  onNotification(method, handle) {
    given[method] = handle;
  }
  start() {
    return Promise.resolve();
  }
}

const load = Module._load;
Module._load = (name, ...rest) =>
  name === "vscode" ? vscode : name === "vscode-languageclient/node" ? { LanguageClient } : load(name, ...rest);
const extension = require(path.join(folder, "extension.js"));
const context = { subscriptions: [], extension: { packageJSON: require(path.join(folder, "package.json")) } };

(async () => {
  await extension.activate(context);
  // As VS Code merges them: a workspace's list takes the place of the user's.
  const section = [{ ...user, ...workspace }];
  const [settings] = await given.client.middleware.workspace.configuration({}, undefined, async () => section);
  given["seekline/status"]({ state: "error", message: "The memory is full." });
  const [{ text, tooltip }] = context.subscriptions;
  process.stdout.write(
    JSON.stringify({
      command: [given.server.command, ...given.server.args],
      settings,
      selector: given.client.documentSelector,
      experimental: given.capabilities.experimental,
      statusBar: { text, tooltip },
    }),
  );
})();
