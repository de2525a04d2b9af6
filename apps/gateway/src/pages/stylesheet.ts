/** The style of the pages. A file of its own, so that their policy can forbid styles inside the page. */
export const stylesheet = `:root { color-scheme: light dark; --line: #8884; --soft: #8882; --strong: #0b5cad; --danger: #b3261e; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 46rem; padding: 1rem; }
header { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; flex-wrap: wrap; border-bottom: 1px solid var(--line); padding-bottom: .5rem; }
h1 { font-size: 1.5rem; margin: 1rem 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
.state, .notice { border: 1px solid var(--line); border-left: 4px solid var(--strong); padding: .5rem .75rem; background: var(--soft); }
.notice { border-left-color: var(--danger); }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); padding: .75rem; margin: .5rem 0; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .25rem 1rem; margin: .5rem 0; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .5rem .25rem 0; text-align: start; vertical-align: top; overflow-wrap: anywhere; min-width: 5rem; }
ul, ol { padding-left: 1.25rem; }
li { overflow-wrap: anywhere; }
.gates { list-style: none; padding: 0; }
.gates li { border-bottom: 1px solid var(--line); padding: .75rem 0; }
.gates small { display: block; }
label { display: block; font-weight: 600; margin: .75rem 0 .25rem; }
form small { display: block; }
textarea, select, input[type=password], input[inputmode] { width: 100%; font: inherit; padding: .5rem; }
.buttons { display: flex; gap: .75rem; flex-wrap: wrap; margin-top: 1rem; }
button { font: inherit; padding: .6rem 1.2rem; border: 2px solid currentColor; border-radius: .4rem; background: transparent; color: inherit; cursor: pointer; }
button.approve { background: var(--strong); border-color: var(--strong); color: #fff; }
button.cancel { border-color: var(--danger); color: var(--danger); }
button.plain { border-width: 1px; padding: .2rem .7rem; }
a { color: var(--strong); }
:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px; }
@media (prefers-color-scheme: dark) { :root { --strong: #7db8f5; --danger: #ff8a80; } button.approve { color: #000; } }
`;
