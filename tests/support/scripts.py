"""Titles in many scripts, and what people type to find them. Shared by the tests of words, of searches and of commands."""

from __future__ import annotations

FINDS = (
    ("子供用自転車", "子供"),
    ("子供用自転車", "自転車"),
    ("子供用自転車", "車"),
    ("我家有一辆自行车", "自行车"),
    ("傭兵と小説家", "小説"),
    ("จักรยานเด็ก", "เด็ก"),
    ("ລົດຖີບເດັກ", "ເດັກ"),
    ("ကလေးစက်ဘီး", "စက်ဘီး"),
    ("កង់កុមារ", "កុមារ"),
    ("ISPANAK fidesi", "ıspanak"),
    ("Işık lambası", "isik"),
    ("İstanbul kitabı", "istanbul"),
    ("Smørrebrød", "smorrebrod"),
    ("Łódka", "lodka"),
    ("Straße kehren", "strasse"),
    ("Œufs frais", "oeufs"),
    ("Ægir's oars", "aegir"),
    ("Crème", "creme"),
    ("Crème", "CRE\u0300ME"),
    ("Dứa", "dua"),
    ("Kinderfahrrad", "fahrrad"),
    ("Детский велосипед", "ВЕЛО"),
    ("Ποδήλατο", "ποδηλατο"),
    ("어린이자전거를", "자전거"),
    ("می‌خواهم", "میخواهم"),  # with and without the invisible joiner
    ("אופניים לילד", "אופניים"),
    ("שָׁלוֹם", "שלום"),
    ("دَرَّاجَة", "دراجة"),
    ("أرز", "ارز"),
    ("दाल और चावल", "चावल"),
    ("🚲", "🚲"),
    ("Fahrrad 🚲", "🚲"),
    ("❤️ tea", "❤"),
    ("C++ lessons", "C++"),
    ("C++ lessons", "c"),
    ("Ｂｉｋｅ", "bike"),
)
"""A title, and what finds it."""

FINDS_NOT = (
    ("दाल", "दिल"),  # lentils and heart
    ("かき", "がき"),
    ("ふた", "ぶた"),  # a lid and a pig
    ("ข้าว", "ขาว"),  # rice and white
    ("কলা", "কলি"),
    ("C lessons", "C++"),
    ("C lessons", "C#"),
    ("自転車", "転自"),
    ("Fahrrad", "🚲"),
)
"""A title, and what does not find it, because the marks are other letters and no accents."""

DIFFER = (
    *FINDS_NOT,
    ("Dứa", "Dừa"),  # pineapple and coconut
    ("Bären", "Baren"),
    ("Straße", "Strase"),
    ("C++ lessons", "C lessons"),
    ("1/2 cake", "1-2 cake"),
    ("Kinderfahrrad", "Fahrrad"),
    ("Fresh vegetables", "vegetables"),
    ("Fresh vegetables", "Fresh"),
    ("子供用自転車", "自転車"),
    ("José", "Jose"),
)
"""A title, and what means something else where a thing is deleted."""
