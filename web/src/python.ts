/** Enough of Python's grammar to colour a program. */

export type Kind = "plain" | "keyword" | "string" | "comment" | "number";
export interface Token {
  kind: Kind;
  text: string;
}

const KEYWORDS = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global " +
    "if import in is lambda nonlocal not or pass raise return try while with yield"
  ).split(" "),
);

const PATTERN = new RegExp(
  [
    String.raw`(?<comment>#.*)`,
    String.raw`(?<string>[rRbBuUfFtT]{0,2}(?:"""|'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))`,
    String.raw`(?<number>\b(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?[jJ]?))`,
    String.raw`(?<word>[\p{L}_][\p{L}\p{N}_]*)`,
  ].join("|"),
  "gu",
);

/** The lines of a program as coloured pieces; strings in three quotes run over lines. */
export function highlight(lines: readonly string[]): Token[][] {
  let open: string | undefined;
  return lines.map((line) => {
    const tokens: Token[] = [];
    const put = (kind: Kind, text: string): void => {
      if (text) tokens.push({ kind, text });
    };
    let at = 0;
    while (at < line.length) {
      if (open !== undefined) {
        const end = line.indexOf(open, at);
        const stop = end < 0 ? line.length : end + 3;
        put("string", line.slice(at, stop));
        at = stop;
        if (end >= 0) open = undefined;
        continue;
      }
      PATTERN.lastIndex = at;
      const found = PATTERN.exec(line);
      if (!found) {
        put("plain", line.slice(at));
        break;
      }
      put("plain", line.slice(at, found.index));
      at = found.index + found[0].length;
      const { comment, string, number } = found.groups!;
      if (comment !== undefined) put("comment", comment);
      else if (string !== undefined) {
        put("string", string);
        if (/("""|''')$/.test(string) && /^[a-zA-Z]{0,2}("""|''')$/.test(string)) open = string.slice(-3);
      } else if (number !== undefined) put("number", number);
      else put(KEYWORDS.has(found[0]) ? "keyword" : "plain", found[0]);
    }
    return tokens;
  });
}
