/**
 * What a page shows: the JSON that src/dualtape/show writes into `<script type="application/json" id="model">`.
 *
 * Python replaces `__DUALTAPE_MODEL__` in src/dualtape/show/page/index.html (the built page) by a `Page`, in which `<`, `>` and `&`
 * are written as \u003c, \u003e and \u0026. Examples are in web/fixtures, written by `python web/make_fixtures.py`.
 *
 * Changes:
 *   1 (first): everything below.
 *   2: Node.cut; a Ref to node -1 (an operand that was not seen); TangentView.leaf -1 (tangents that the program itself carried);
 *      gradBefore is always a slot for "backward", whose value may be "None".
 *   4: Graph.updates; pages written before have none.
 *   5: Node.number; blocks of the kinds "loop", "iteration" and "thread"; Block.compiled; Note.names.
 *   3: in the place of the JSON there may be `gzip:` followed by the base64 of the gzip-compressed JSON (needs no escapes).
 */

/** The whole page: one run of a program, or two to be compared (`--compare`): then the first is the present one. */
export interface Page {
  format: 1;
  models: Model[];
}

/** One run of a program. Where a field is called `...` "index", it counts in the list of that name, from 0. */
export interface Model {
  /** The file as the user named it; "live graph" for `dt.explain(loss)`, "cell" in a notebook. */
  program: string;
  arguments: string[];
  dualtape: string;
  python: string;
  /** Front ends that the program used. */
  dialects: ("torch" | "tensorflow" | "numpy")[];
  sources: Source[];
  places: Place[];
  formulas: Formula[];
  avals: Aval[];
  /** One picture per shape of graph, in the order in which they first ran. A program without operations has none. */
  graphs: Graph[];
  /** How the program went through them: `count` runs of a graph one after the other, the first of which is number `first`. */
  timeline: { graph: number; first: number; count: number }[];
  why: Why[];
  notes: Note[];
  /** The program ended with an exception; what ran before it is shown. */
  error: ProgramError | null;
}

export interface Source {
  /** Short, for tabs. */
  name: string;
  file: string;
  /** The whole text. Lines are separated by \n. "" where the source is not to be had. */
  text: string;
  /** Lines (from 1) that ran an operation or a backward pass, ascending: others can be dimmed. */
  ran: number[];
}

/** A range of a source: [source index, first line, last line, first column, end column]; lines from 1, columns from 0 in characters. -1 columns: whole line. */
export type Place = [source: number, line: number, endLine: number, column: number, endColumn: number];

export interface Aval {
  shape: number[];
  /** NumPy's name: "float32", "int64", "bool", "complex64", "bfloat16". */
  dtype: string;
}

// --- graphs ---------------------------------------------------------------------------------------------------------

export interface Graph {
  /** The same for the same structure, also in another run: what a comparison matches by. */
  key: string;
  /** How it is called in lists: the name of what was differentiated, or the function, with its line: "loss", "train_step". */
  title: string;
  place: number | null;
  /** In the order in which they were made. Inputs come before what uses them. */
  nodes: Node[];
  blocks: Block[];
  passes: Pass[];
  /** What was written to leaves: those that were changed in some run. Not there in pages of earlier versions. */
  updates?: Update[];
  /** The arrays of a run: `slots[k]` is the index of its shape and dtype in `avals`. */
  slots: number[];
  /** How often a graph of this shape ran, and those runs whose numbers were kept (ascending; all, if they fit). */
  total: number;
  runs: Run[];
  curves: Curve[];
  tangents: TangentView[];
}

export interface Run {
  /** Which of the `total` runs, from 0. */
  number: number;
  /** By slot. null: not kept. */
  values: (ArrayValue | null)[];
}

export type Kind =
  /** A tensor whose gradient is wanted: parameter, variable, argument of a differentiated function. */
  | "leaf"
  /** Data and numbers. */
  | "constant"
  /** A tensor with history that comes from another graph (or from before the recording began). */
  | "earlier"
  | "op"
  /** An operation that cannot be looked into: a compiled function, a function with a rule of the user's. */
  | "call";

export interface Node {
  kind: Kind;
  /** The primitive's name ("mul"), the function's ("f"); "" for kinds without operation. */
  op: string;
  /** The user's name for the first output: a variable ("loss"), a parameter ("model.0.weight"); null without one. */
  name: string | null;
  /** Which of the values of that name, where the program has several one after the other (y = y + x): 0 for what it began with. */
  number?: number;
  /** Its other names, as "name" or "name in function". */
  also?: string[];
  /** The source of the expression that made it, where it is short: "X * w". */
  text: string | null;
  /** Index of its formula; null for kinds without operation. */
  formula: number | null;
  /** Static parameters for display: [["axes", "(0, 1)"]]. */
  params?: [name: string, value: string][];
  inputs: Ref[];
  /** A slot per output. -1: the output's value was not seen. */
  outs: number[];
  place: number | null;
  /** Index of the innermost block; -1 at the top. */
  block: number;
  /** Whether a backward pass can go through it. */
  recorded: boolean;
  /** Operands (by number) that have a history which this op does not see, being detached: no gradient goes there. */
  cut?: number[];
  /** Why an op is not recorded: under no_grad, without derivative, or because nothing it was given needs one. */
  unrecorded?: "no_grad" | "constant" | "no_operand";
  /** This op was run by the backward pass of that index (create_graph), as part of the rule of the node `rule`. */
  pass?: number;
  rule?: number;
}

/** [node index, number of its output]; node -1: an operand that was not seen. */
export type Ref = [node: number, output: number];

/** What folds: a thread, a module's or a function's call, a loop, one of its iterations. Blocks nest; a node is in the innermost. */
export interface Block {
  parent: number;
  kind: "module" | "function" | "loop" | "iteration" | "thread";
  /**
   * The user's name: "model.0", "encoder"; the function's or the thread's name; the head of a loop ("for t in range(100)"); of an
   * iteration the loop's variables ("t = 3"), "" where there are none.
   */
  name: string;
  /** The class ("Linear") of a module; "" for functions. */
  type: string;
  /** Where it was called; where the loop begins. */
  place: number | null;
  /** Of a loop: how many iterations are drawn. */
  count?: number;
  /** Of an iteration: which, from 0. */
  number?: number;
  /** Of a function or module: what compiles it in the program ("torch.compile"). Here it was run as it is written. */
  compiled?: string;
  /** The same for blocks of the same structure: repeated ones. */
  shape: number;
}

// --- backward passes ------------------------------------------------------------------------------------------------

/** One backward pass over a graph: `loss.backward()`, `tape.gradient(...)`, `autograd.grad(...)`, `dt.grad(f)(x)`. */
export interface Pass {
  /** "backward" adds to .grad; "gradient" returns. */
  kind: "backward" | "gradient";
  place: number | null;
  /** It began when this many of the graph's nodes had been made. */
  after: number;
  /** What it began with. */
  roots: { at: Ref; cotangent: number }[];
  /** In the order in which the engine went. */
  steps: Step[];
  /** What came out, per leaf (or other wanted value). */
  results: Result[];
  /** create_graph: the steps were recorded in their turn; see Node.pass. */
  recorded: boolean;
}

/** One rule: what arrived at a node, and what goes on to its inputs. */
export interface Step {
  node: number;
  /** What had arrived, a slot per output; -1: nothing. */
  cotangents: number[];
  to: Contribution[];
}

export interface Contribution {
  /** The number of the operand. */
  input: number;
  target: Ref;
  /**
   * The local derivative with the numbers of this run, where it is small enough: for "diagonal" in the shape of the output (broadcast),
   * to be multiplied element by element with the cotangent; for "jacobian" with a shape of [...output's, ...operand's]. -1: none.
   */
  local: number;
  localKind: "diagonal" | "jacobian" | "none";
  /** What the rule gave, where that was still to be summed to the operand's shape (broadcasting) or cast; -1: the same as `value`. */
  product: number;
  /** What was added to the target. */
  value: number;
  /** What had arrived at the target before (-1: nothing yet, which is not 0) and after. */
  before: number;
  after: number;
}

export interface Result {
  at: Ref;
  /** The gradient. -1: None. */
  gradient: number;
  /** For "backward": `.grad` before (the value "None" where it was None in a run) and after. -1 both for "gradient". */
  gradBefore: number;
  gradAfter: number;
}

/** A leaf got another value, from an optimizer, an assignment or a write in place: seen when it was read again, or when the run was over. */
export interface Update {
  /** The leaf; the value that it had is the node's. */
  leaf: Ref;
  /** It took place when this many of the graph's nodes had been made. */
  after: number;
  /** The line that wrote it, where it is known. */
  place: number | null;
  /** The slot of its gradient: `.grad` after the last pass, or what the only pass returned; -1: none, or several. */
  gradient: number;
  /** Slots of the new value, and of its difference from the old one. In runs in which the leaf stayed the same the value is "None". */
  value: number;
  change: number;
  /** The slot of a number: change / gradient, where this is the same for all elements to rounding; else null. */
  ratio: number;
}

/** Forward mode: derivatives along one direction of one leaf, next to every value. Leaf -1: the tangents that the program carried (dt.jvp, forward_ad). */
export interface TangentView {
  leaf: number;
  /** The direction, in the leaf's shape (1 for a scalar; ones otherwise); -1 for leaf -1. */
  direction: number;
  /** Per node a slot per output; -1: zero because it does not depend on the leaf (exactly zero, drawn as such); -2: not known. */
  nodes: number[][];
}

// --- numbers --------------------------------------------------------------------------------------------------------

/** A number at full precision (the shortest that reads back to the same in its dtype). Integers beyond 2^53 are strings of digits. */
export type Num = number | "nan" | "inf" | "-inf" | string | boolean | [re: Num, im: Num];

/** A scalar as it is; a small array as the list of its elements, in C order; a large one as a picture. "None": there was no array (Result.gradBefore, Update.value). */
export type ArrayValue = Num | Num[] | Large | "None";

export interface Large {
  /** null where there is no finite element. Complex arrays: of the magnitude. */
  min: number | null;
  max: number | null;
  mean: number | null;
  std: number | null;
  nan: number;
  inf: number;
  zero: number;
  /** Down-sampled by means of blocks; the array as a matrix whose last axis runs across. null: left out to keep the page small. */
  heat: Heat | null;
}

export interface Heat {
  rows: number;
  columns: number;
  /** One byte per cell, base64: 0..254 from `low` to `high`, 255 for NaN. */
  low: number;
  high: number;
  cells: string;
}

/** Over all runs of a graph. */
export interface Curve {
  kind: "loss" | "parameter" | "gradient";
  name: string;
  /** The node; for arrays of a few elements a curve per element, which is named too; for larger ones the norm: "‖w‖". */
  node: number;
  element: number[] | null;
  norm: boolean;
  /** Numbers of the runs (thinned for very long loops), and the values. */
  x: number[];
  y: Num[];
}

// --- formulas -------------------------------------------------------------------------------------------------------

/**
 * The mathematics of an operation, once for all nodes with the same. In the MathML, `<mi data-v="0">x</mi>` stands for operand 0, data-v="out" for
 * the result, data-v="ct" for the cotangent that arrives: put names or numbers of the node in their place.
 */
export interface Formula {
  /** out = ..., as the content of a <math> element; and as plain text for screen readers. */
  mathml: string;
  text: string;
  latex: string;
  /** The operand's names in `mathml`. */
  operands: string[];
  /** Per operand: its derivative; null where there is none. */
  derivatives: (Derivative | null)[];
  /** Where the rule's mathematics is from, if the primitive names a paper. */
  source: string | null;
}

export interface Derivative {
  /** For elementwise operations ∂out/∂x, for others null. */
  local: Expression | null;
  /** The rule: what goes to the operand, in terms of "ct". null where the rule is a procedure that has no formula. */
  rule: Expression | null;
}

export interface Expression {
  mathml: string;
  text: string;
  latex: string;
  /** Which operands' numbers (and "out", "ct") it reads. */
  reads: (number | "out" | "ct")[];
}

// --- why ------------------------------------------------------------------------------------------------------------

/** An answer of the gradient doctor. */
export interface Why {
  kind: "none" | "nan";
  /** The variable that has no gradient, or a NaN in it. */
  name: string;
  /** Where it is drawn, if it is. */
  at: { graph: number; node: number } | null;
  /** For "none" the cause's name ("detached", "numpy", "no_path", ...); for "nan" the phase: "forward" or "backward". */
  cause: string;
  /** The operation that made the NaN. */
  operation: string | null;
  culprit: { graph: number; node: number } | null;
  place: number | null;
  also: number[];
  /** English sentences. */
  reason: string;
  advice: string;
  certain: boolean;
}

/** What the page must say about itself. `text` is English; `code` and `numbers` let it be said in other languages. */
export interface Note {
  code:
    /** numbers[0] of numbers[1] runs of graph numbers[2] have their numbers in the page */
    | "runs_left_out"
    /** more than numbers[0] operations ran: the rest is not shown */
    | "operations_left_out"
    /** numbers[0] arrays have no numbers in the page, to keep it small */
    | "values_left_out"
    /** the functions `names` are compiled in the program, and were run operation by operation */
    | "compiled"
    | "other";
  numbers: number[];
  names?: string[];
  text: string;
}

export interface ProgramError {
  type: string;
  message: string;
  place: number | null;
  /** The traceback as Python prints it. */
  text: string;
}
