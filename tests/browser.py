# SPDX-License-Identifier: BSD-2-Clause
"""A headless browser, and a page in it: import the fixture by name.

    Page(browser, path).open("#0.0")    .one(), .all() by CSS selector, .js(), .keys(); .drain() takes its logs
"""

import pytest

from conftest import lacking


class Page:
    def __init__(self, driver, path):
        self.driver, self.url = driver, path.as_uri()

    def open(self, fragment=""):
        self.driver.get("about:blank")
        self.drain()
        self.driver.get(self.url + fragment)
        return self

    def drain(self):
        return self.driver.get_log("browser"), self.driver.get_log("performance")

    def words(self):
        """Of every cell, by kernel."""
        return [[c.text.split("\n")[:2][-1] for c in r.find_elements("css selector", "td")] for r in self.all("tbody tr")]

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def one(self, selector):
        return self.driver.find_element("css selector", selector)

    def js(self, script, *args):
        return self.driver.execute_script(script, *args)

    def texts(self, selector):
        """Of what can be seen; a sign and its word are two boxes of one line."""
        return [" ".join(e.text.split()) for e in self.all(selector) if e.is_displayed()]

    def kernels(self):
        rows = "[...document.querySelectorAll('tbody tr')].filter(r => r.offsetParent !== null)"
        return self.js(f"return {rows}.map(r => [...r.cells[0].children].map(e => e.textContent))")

    def keys(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def focused(self):
        return self.js("return document.activeElement.getAttribute('aria-label') || document.activeElement.id")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    lacking("chromium", "chromedriver", "selenium")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    folder = tmp_path_factory.mktemp("browser")
    flags = ["headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"]
    flags += ["window-size=1400,1000", "force-device-scale-factor=1", f"user-data-dir={folder}"]
    for flag in flags:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=webdriver.chrome.service.Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()
