/* The modules of this page stand in its script elements. The browser takes each from an address of its own; a worker of
   a page in a file may not import any, so all its modules are functions of one script. */

const IMPORT = /import (\{[^}]*\}) from '\.\/([\w.]+)';/g;
const textOf = (name) => document.getElementById(name).textContent;

/* The address of a module, once those that it imports have theirs. */
const addresses = {};
function moduleAddress(name) {
  addresses[name] = addresses[name] || URL.createObjectURL(new Blob([
    textOf(name).replace(/ from '\.\/([\w.]+)';/g, (_, other) => ` from '${moduleAddress(other)}';`),
  ], { type: 'text/javascript' }));
  return addresses[name];
}

/* A worker that runs a module. */
globalThis.startWorker = (entry) => {
  const parts = new Map();
  const add = (name) => {
    if (parts.has(name)) return;
    const names = [];
    const text = textOf(name)
      .replace(IMPORT, (_, imported, other) => {
        add(other);
        return `const ${imported} = modules['${other}'];`;
      })
      .replace(/^export ((?:async )?(?:function|class|const) (\w+))/gm, (_, declaration, exported) => {
        names.push(exported);
        return declaration;
      });
    parts.set(name, `modules['${name}'] = (() => {\n${text}\nreturn { ${names.join(', ')} };\n})();\n`);
  };
  add(entry);
  const script = ["'use strict';\nconst modules = {};\n", ...parts.values()];
  return new Worker(URL.createObjectURL(new Blob(script, { type: 'text/javascript' })));
};

/* How high the foot is that says what the page is: the tabs leave room for it. */
const foot = document.querySelector('.notes');
new ResizeObserver(() => document.body.style.setProperty('--notes', `${foot.offsetHeight}px`)).observe(foot);

import(moduleAddress('main.js'));
