"use strict";
// The table of answers: sorted, filtered and opened here; text enters the page as text only.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const body = document.querySelector("#answers tbody");
  const form = document.getElementById("filter");
  const count = document.getElementById("count");
  const everybody = document.getElementById("everybody");
  const PAGE = 100;
  const state = { sort: "row", down: false, page: 0, open: new Set(), candidate: null };

  const make = (tag, text, className) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (className) node.className = className;
    return node;
  };

  // What a verdict is called where people read it.
  const said = (verdict) => (verdict === "asserted" ? "known error" : verdict);
  const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

  const values = {
    row: (r) => r.row,
    candidate: (r) => r.candidate.toLowerCase(),
    question: (r) => data.questions[r.question].name.toLowerCase(),
    score: (r) => r.score ?? -1,
    confidence: (r) => r.confidence ?? -1,
    review: (r) => (r.error ? 2 : r.review.length ? 1 : 0),
  };

  const chosen = () => {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const question = form.elements.question.value;
    const only = form.elements.only.value;
    const rows = data.rows.filter((r) => {
      if (state.candidate !== null && r.candidate !== state.candidate) return false;
      if (question !== "" && r.question !== Number(question)) return false;
      if (only === "review" && !r.review.length) return false;
      if (only === "failed" && !r.error) return false;
      if (only === "passed" && !r.passed) return false;
      if (only === "not" && (r.passed || r.error)) return false;
      const text = `${r.candidate} ${r.answer}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const value = values[state.sort];
    const sign = state.down ? -1 : 1;
    return rows.sort((a, b) => {
      const x = value(a), y = value(b);
      return x < y ? -sign : x > y ? sign : a.row - b.row;
    });
  };

  // The words that prove verdicts, each mark with the places of its verdicts in the row. They may
  // overlap: the answer is cut wherever some begin or end.
  const highlighted = (row) => {
    const box = make("div", undefined, "answer");
    const proved = row.verdicts.map((v, at) => [at, v[0], v[4], v[5]]).filter((v) => v[2] !== undefined);
    const ends = proved.flatMap(([, , start, end]) => [start, end]);
    const cuts = [...new Set([0, row.answer.length, ...ends])].sort((a, b) => a - b);
    for (let i = 0; i + 1 < cuts.length; i += 1) {
      const text = row.answer.slice(cuts[i], cuts[i + 1]);
      const spans = proved.filter(([, , start, end]) => start <= cuts[i] && end >= cuts[i + 1]);
      if (!spans.length) { box.append(text); continue; }
      const mark = box.appendChild(make("mark", text, spans[spans.length - 1][1]));
      mark.dataset.points = spans.map(([at]) => at).join(" ");
      mark.setAttribute("aria-describedby", spans.map(([at]) => `v${row.row}-${at}`).join(" "));
      if (!text.trim()) continue; // a blank between two quotes is nothing to go to
      mark.setAttribute("role", "button");
      mark.tabIndex = 0;
    }
    return box;
  };

  const number = (value) => String(Number(value.toFixed(2))).replace("-", "−");

  // A verdict: what it is, what it earned or cost, the claim, and for an error what is right.
  const verdictItem = (row, at) => {
    const [verdict, what, points, sure, start] = row.verdicts[at];
    const question = data.questions[row.question];
    const item = make("li");
    item.id = `v${row.row}-${at}`;
    const name = item.appendChild(make(start === undefined ? "b" : "button", said(verdict), `verdict ${verdict}`));
    if (start !== undefined) {
      name.type = "button";
      name.setAttribute("aria-pressed", "false");
      item.dataset.points = at;
    }
    const claim = what < 0 ? question.errors[-1 - what] : question.points[what];
    const earned = what < 0 ? number(points) : `${number(points)} of ${number(claim[1])}${claim[2] ? " bonus" : ""}`;
    item.append(make("span", earned, "earned"));
    const text = item.appendChild(make("div"));
    text.append(make("span", claim[0], "claim"), make("span", ` ${Math.round(100 * sure)}% sure`, "dim"));
    if (what < 0) {
      const right = text.appendChild(make("p"));
      right.append(make("strong", "Correct:"), ` ${claim[1]} ${claim[2]} `, make("span", `Source: ${claim[3]}`, "dim"));
    }
    return item;
  };

  const HINT = "Point at marked words, tap them or go there with Tab to see what they were taken for.";

  // Lights up what belongs together: words and their verdicts, whichever of them is pointed at, has
  // the focus or was pressed.
  const link = (cell, row) => {
    const told = cell.querySelector(".told");
    const parts = [...cell.querySelectorAll("[data-points]")];
    let pinned = null;
    const places = (node) => (node ? node.dataset.points.split(" ") : []);
    const at = (event) => event.target.closest("[data-points]");
    const light = (node) => {
      const wanted = new Set(places(node ?? pinned));
      for (const part of parts) part.classList.toggle("lit", places(part).some((p) => wanted.has(p)));
      told.textContent = [...wanted].map((p) => {
        const item = cell.querySelector(`#v${row.row}-${p}`);
        const [name, earned] = item.children;
        return `${name.textContent}, ${earned.textContent}: ${item.querySelector(".claim").textContent}`;
      }).join(" · ") || HINT;
    };
    const press = (node) => {
      pinned = node === null || node === pinned ? null : node;
      for (const button of cell.querySelectorAll("[aria-pressed]"))
        button.setAttribute("aria-pressed", String(pinned !== null && button.parentNode === pinned));
      light(null);
    };
    const resting = () => cell.querySelector("[data-points]:focus, [data-points]:focus-within");
    cell.addEventListener("pointerover", (event) => light(at(event) ?? resting()));
    cell.addEventListener("pointerleave", () => light(resting()));
    cell.addEventListener("focusin", (event) => light(at(event)));
    cell.addEventListener("focusout", () => light(null));
    cell.addEventListener("click", (event) => { if (at(event)) press(at(event)); });
    cell.addEventListener("keydown", (event) => {
      if (event.key === "Escape") press(null);
      else if (event.target.matches("mark") && (event.key === "Enter" || event.key === " ")) {
        event.preventDefault();
        press(at(event));
      }
    });
    light(null);
  };

  const detail = (row) => {
    const line = make("tr", undefined, "detail");
    line.setAttribute("role", "row");
    const cell = line.appendChild(make("td"));
    cell.setAttribute("role", "cell");
    cell.colSpan = 6;
    if (row.answer.trim()) cell.append(highlighted(row));
    if (row.points !== null && row.most !== null) cell.append(make("p", `${number(row.points)} of ${number(row.most)} points`, "total"));
    if (row.error) cell.append(make("p", `Not gradable: ${row.error}.`));
    const before = row.verdicts.length ? " What the grader found before that:" : "";
    if (row.hand) cell.append(make("p", `A person gave this mark.${before}`));
    if (row.verdicts.length) {
      const told = cell.appendChild(make("p", HINT, "told"));
      told.setAttribute("role", "status");
      const list = cell.appendChild(make("ul", undefined, "verdicts"));
      row.verdicts.forEach((_, at) => list.append(verdictItem(row, at)));
      link(cell, row);
    }
    if (row.review.length) cell.append(make("p", `Needs review: ${row.review.join("; ")}.`));
    return line;
  };

  const shown = (value) => (value === null ? "–" : value.toFixed(2));

  const cellOf = (line, label, text, className) => {
    const cell = line.appendChild(make("td", text, className));
    cell.setAttribute("role", "cell");
    cell.dataset.label = label;
  };

  const draw = () => {
    const rows = chosen();
    const pages = Math.max(1, Math.ceil(rows.length / PAGE));
    state.page = Math.min(state.page, pages - 1);
    body.replaceChildren();
    for (const row of rows.slice(state.page * PAGE, (state.page + 1) * PAGE)) {
      const line = body.appendChild(make("tr"));
      line.setAttribute("role", "row");
      const name = line.appendChild(make("th", undefined, "text"));
      name.scope = "row";
      name.setAttribute("role", "rowheader");
      const open = state.open.has(row.row);
      const button = name.appendChild(make("button", row.candidate || `row ${row.row}`));
      button.type = "button";
      button.dataset.row = row.row;
      button.setAttribute("aria-expanded", String(open));
      button.addEventListener("click", () => {
        if (open) state.open.delete(row.row); else state.open.add(row.row);
        draw();
        body.querySelector(`button[data-row="${row.row}"]`).focus();
      });
      cellOf(line, "Question", data.questions[row.question].name, "text");
      cellOf(line, "Score", shown(row.score));
      cellOf(line, "Pass", row.error ? "–" : row.passed ? "yes" : "no");
      cellOf(line, "Confidence", row.hand || (row.confidence === null && !row.error) ? "a person's" : shown(row.confidence));
      cellOf(line, "Why review", row.error || row.review.join("; "), "text");
      if (open) body.append(detail(row));
    }
    everybody.hidden = state.candidate === null;
    everybody.textContent = `All candidates, not only ${state.candidate}`;
    count.textContent = `${rows.length} of ${counted(data.rows.length, "answer")}, page ${state.page + 1} of ${pages}`;
    document.querySelectorAll("#answers thead button").forEach((button) => {
      const own = button.dataset.sort === state.sort;
      const direction = state.down ? "descending" : "ascending";
      button.closest("th").setAttribute("aria-sort", own ? direction : "none");
    });
  };

  document.querySelectorAll("#answers thead button").forEach((button) => {
    button.addEventListener("click", () => {
      state.down = state.sort === button.dataset.sort && !state.down;
      state.sort = button.dataset.sort;
      draw();
    });
  });
  form.addEventListener("input", () => { state.page = 0; draw(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  const turn = (by) => () => { state.page = Math.max(0, state.page + by); draw(); };
  document.getElementById("back").addEventListener("click", turn(-1));
  document.getElementById("on").addEventListener("click", turn(1));
  everybody.addEventListener("click", () => { show(null); form.elements.words.focus(); });

  // From the candidates and findings above to their answers: all of one, or a single one, opened.
  const show = (candidate) => {
    form.reset();
    Object.assign(state, { candidate, page: 0 });
    draw();
  };
  const arrive = (button) => { button.focus(); button.scrollIntoView({ block: "center" }); };
  for (const button of document.querySelectorAll("[data-candidate]"))
    button.addEventListener("click", () => {
      show(button.dataset.candidate);
      arrive(everybody);
    });
  for (const button of document.querySelectorAll("[data-answer]"))
    button.addEventListener("click", () => {
      const row = Number(button.dataset.answer);
      state.open.add(row);
      show(data.rows.find((one) => one.row === row).candidate);
      const own = chosen().findIndex((one) => one.row === row);
      state.page = Math.floor(own / PAGE);
      draw();
      arrive(body.querySelector(`button[data-row="${row}"]`));
    });
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
  draw();
})();
