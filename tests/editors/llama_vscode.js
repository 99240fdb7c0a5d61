// llama.vscode's own code, without VS Code: how it asks for a completion, shows it, and asks ahead for the next. Arguments:
// the folder of its repository, settings of the user, and {text, line, character, other}, where `other` is the text of a
// file that is seen before. Prints the completions, the status bar and the log of requests.
const Module = require("module");
const path = require("path");

const folder = process.argv[2];
const settings = JSON.parse(process.argv[3]);
const { text, line, character, other } = JSON.parse(process.argv[4]);
const { properties } = require(path.join(folder, "package.json")).contributes.configuration;

class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
}
class Range {
  constructor(start, end) {
    Object.assign(this, { start, end });
  }
}
class InlineCompletionItem {
  constructor(insertText, range) {
    Object.assign(this, { insertText, range });
  }
}
const messages = [];
const vscode = {
  Position,
  Range,
  InlineCompletionItem,
  InlineCompletionTriggerKind: { Invoke: 0, Automatic: 1 },
  StatusBarAlignment: { Left: 1, Right: 2 },
  window: {
    createOutputChannel: () => ({ appendLine: () => undefined }),
    createStatusBarItem: () => ({ show: () => undefined }),
    showInformationMessage: (message) => messages.push(message),
  },
  workspace: {
    getConfiguration: (section) => ({
      get: (key) => settings[`${section}.${key}`] ?? properties[`${section}.${key}`]?.default,
    }),
  },
};
const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));
const client = require(path.join(folder, "client.js"));

function openDocument(fileName, text) {
  const lines = text.split("\n");
  return { fileName, isDirty: false, lineCount: lines.length, lineAt: (row) => ({ text: lines[row] }), getText: () => text };
}

async function until(what, condition) {
  for (let left = 1200; !condition(); left--) {
    if (left === 0) throw new Error(`Not in time: ${what}; ${app.logger.eventlogs.join("; ")}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

const app = { configuration: new client.Configuration(), getComplModel: () => undefined };
app.lruResultCache = new client.LRUCache(app.configuration.max_cache_keys);
for (const [name, type] of [["logger", "Logger"], ["statusbar", "Statusbar"], ["extraContext", "ExtraContext"]]) {
  app[name] = new client[type](app);
}
app.llamaServer = new client.LlamaServer(app);
app.completion = new client.Completion(app);
const answers = (kind) => app.logger.eventlogs.filter((entry) => entry.includes(`${kind}_POST_RESPONSE`)).length;

(async () => {
  const seen = openDocument("/work/shelf.py", other);
  app.extraContext.pickChunkAroundCursor(0, seen);
  vscode.window.activeTextEditor = { document: seen };
  app.extraContext.lastComplStartTime = 0; // it sends what was seen at idle times only
  app.extraContext.periodicRingBufferUpdate();
  await until("what was seen is sent", () => answers("FIM_PREP") === 1);

  const items = await app.completion.getCompletionItems(
    openDocument("/work/main.py", text),
    new Position(line, character),
    { triggerKind: vscode.InlineCompletionTriggerKind.Automatic },
    { isCancellationRequested: false },
  );
  if (items.length > 0) await until("it asks ahead", () => answers("FIM") === 2);
  process.stdout.write(
    JSON.stringify({
      texts: items.map((item) => item.insertText),
      statusBar: app.statusbar.llamaVscodeStatusBarItem.text,
      messages,
      log: app.logger.eventlogs,
    }),
  );
})();
