"""A person without a mouse: Tab until it is reached, then Space, Enter, arrows, letters."""

from playwright.sync_api import Locator, Page, expect

FARTHEST = 60  # presses of Tab from one thing to the next
LOOKS = """element => {
  const looks = [];
  for (let node = element, up = 0; node && up < 4; node = node.parentElement, up++)
    for (const each of [node, ...node.children]) {
      const style = getComputedStyle(each);
      looks.push(style.outline, style.boxShadow, style.borderColor, style.backgroundColor);
    }
  return looks.join();
}"""


class Keyboard:
    """What the keyboard does on one page; nothing is clicked."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def reach(self, target: Locator) -> None:
        """Tab until the target has the focus, and see that it shows it."""
        expect(target).to_be_attached()
        before = target.evaluate(LOOKS)
        for _ in range(FARTHEST):
            self._page.keyboard.press("Tab")
            if target.evaluate("element => element === document.activeElement"):
                break
        expect(target).to_be_focused()
        assert target.evaluate(LOOKS) != before, f"the focus does not show: {target}"

    def press(self, target: Locator) -> None:
        """Press a button."""
        self.reach(target)
        self._page.keyboard.press("Enter")

    def tick(self, target: Locator) -> None:
        """Tick a box or a choice."""
        self.reach(target)
        self._page.keyboard.press("Space")
        expect(target).to_be_checked()

    def write(self, target: Locator, text: str) -> None:
        """Type into a field."""
        self.reach(target)
        self._page.keyboard.type(text)

    def choose(self, target: Locator, words: str) -> None:
        """Choose in a list, found by typing what it says."""
        self.write(target, words)
        expect(self._page.get_by_role("option", name=words, exact=True)).to_be_visible()
        self._page.keyboard.press("Enter")
