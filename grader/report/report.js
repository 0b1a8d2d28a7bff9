"use strict";
// The table of answers: sorted, filtered and opened here; text enters the page as text only.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const body = document.querySelector("#answers tbody");
  const form = document.getElementById("filter");
  const count = document.getElementById("count");
  const PAGE = 100;
  const state = { sort: "row", down: false, page: 0, open: new Set() };

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
    question: (r) => (r.question < 0 ? "" : data.questions[r.question].name.toLowerCase()),
    score: (r) => r.score ?? -1,
    confidence: (r) => r.confidence ?? -1,
    review: (r) => (r.error ? 2 : r.review.length ? 1 : 0),
  };

  const chosen = () => {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const question = form.elements.question.value;
    const only = form.elements.only.value;
    const rows = data.rows.filter((r) => {
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

  // Evidence may overlap: the answer is cut wherever a span begins or ends.
  const highlighted = (row) => {
    const box = make("div", undefined, "answer");
    const cuts = [...new Set([0, row.answer.length, ...row.spans.flatMap((s) => [s[0], s[1]])])]
      .sort((a, b) => a - b);
    for (let i = 0; i + 1 < cuts.length; i += 1) {
      const text = row.answer.slice(cuts[i], cuts[i + 1]);
      const spans = row.spans.filter((s) => s[0] <= cuts[i] && s[1] >= cuts[i + 1]);
      if (!spans.length) { box.append(text); continue; }
      const mark = make("mark", text, spans[spans.length - 1][2]);
      mark.title = spans.map((s) => `${said(s[2])}: ${s[3]}`).join("\n");
      box.append(mark);
    }
    return box;
  };

  const detail = (row) => {
    const line = make("tr", undefined, "detail");
    const cell = line.appendChild(make("td"));
    cell.colSpan = 6;
    cell.append(highlighted(row));
    const list = cell.appendChild(make("ul", undefined, "verdicts"));
    const question = data.questions[row.question];
    for (const [verdict, what] of row.verdicts) {
      const item = list.appendChild(make("li"));
      item.append(make("b", said(verdict)), what < 0 ? question.errors[-1 - what] : question.claims[what]);
    }
    if (row.review.length) cell.append(make("p", `Needs review: ${row.review.join("; ")}.`));
    return line;
  };

  const shown = (number) => (number === null ? "–" : number.toFixed(2));

  const draw = () => {
    const rows = chosen();
    const pages = Math.max(1, Math.ceil(rows.length / PAGE));
    state.page = Math.min(state.page, pages - 1);
    body.replaceChildren();
    for (const row of rows.slice(state.page * PAGE, (state.page + 1) * PAGE)) {
      const line = body.appendChild(make("tr"));
      const name = line.appendChild(make("th", undefined, "text"));
      name.scope = "row";
      const open = state.open.has(row.row);
      if (row.error) name.textContent = row.candidate;
      else {
        const button = name.appendChild(make("button", row.candidate || `row ${row.row}`));
        button.type = "button";
        button.dataset.row = row.row;
        button.setAttribute("aria-expanded", String(open));
        button.addEventListener("click", () => {
          if (open) state.open.delete(row.row); else state.open.add(row.row);
          draw();
          body.querySelector(`button[data-row="${row.row}"]`).focus();
        });
      }
      const question = row.question < 0 ? "" : data.questions[row.question].name;
      line.append(make("td", question, "text"), make("td", shown(row.score)));
      line.append(make("td", row.error ? "–" : row.passed ? "yes" : "no"));
      line.append(make("td", shown(row.confidence)));
      line.append(make("td", row.error || row.review.join("; "), "text"));
      if (open) body.append(detail(row));
    }
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
  draw();
})();
