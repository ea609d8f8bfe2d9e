/**
 * Put the server's settings into package.json, as the server describes them:
 *
 *     foreword settings schema --vscode | node scripts/settings.mjs
 */

import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package.json', import.meta.url);
const properties = JSON.parse(readFileSync(0, 'utf8'));
const description = JSON.parse(readFileSync(file, 'utf8'));
description.contributes.configuration.find(({ id }) => id === 'server').properties = properties;
writeFileSync(file, `${JSON.stringify(description, undefined, 2)}\n`);
