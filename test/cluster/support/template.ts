export type TemplateValues = Readonly<Record<string, string | boolean>>;

/**
 * The part of Jinja that patroni-config/ uses, so that tests render the very files that Ansible renders:
 * `{{ name }}`, and `{% if name %}`, `{% else %}`, `{% endif %}`, each on a line of its own and not nested.
 * A name without a value is an error, as with Ansible's strict undefined.
 */
export function renderTemplate(template: string, values: TemplateValues): string {
  let shown = true;
  const lines = template.split('\n').flatMap((line) => {
    const statement = /^\s*\{%-?\s*(\w+)\s*(\w*)\s*-?%\}\s*$/.exec(line);
    if (!statement) return shown ? [fill(line, values)] : [];
    shown = afterStatement(statement[1]!, statement[2]!, shown, values);
    return [];
  });
  return lines.join('\n');
}

function afterStatement(keyword: string, name: string, shown: boolean, values: TemplateValues) {
  if (keyword === 'if') return valueNamed(name, values) === true;
  if (keyword === 'else') return !shown;
  if (keyword === 'endif') return true;
  throw new Error(`The template uses "${keyword}", which the tests cannot render.`);
}

function fill(line: string, values: TemplateValues): string {
  const filled = line.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) =>
    String(valueNamed(name, values)),
  );
  if (/\{[{%]/.test(filled)) throw new Error(`Not a line the tests can render: ${line}`);
  return filled;
}

function valueNamed(name: string, values: TemplateValues): string | boolean {
  const value = values[name];
  if (value === undefined) throw new Error(`The template asks for "${name}", which has no value.`);
  return value;
}
