"""Lawful goods lines in four languages, written for these tests: words x qualities x measures."""

from __future__ import annotations

from itertools import product

GOODS = {
    "el": (
        "ελαιόλαδο|καρέκλες|τραπέζια|υφάσματα βαμβακερά|ανταλλακτικά αυτοκινήτων|βιβλία|"
        "παπούτσια|πλακάκια|τυρί φέτα|κρασί κόκκινο|φίλτρα νερού|μπαταρίες|κουρτίνες|"
        "εργαλεία χειρός|παιχνίδια|φρούτα κατεψυγμένα|καλλυντικά|σωλήνες PVC|οθόνες LED|"
        "φορτιστές USB|αντλίες|Αλάτι|ΧΑΡΤΙ|ΜΗΧΑΝΕΣ",
        "μεταχειρισμένα|νέα|λευκά|διάφορα|για το σπίτι",
    ),
    "ru": (
        "стулья деревянные|ткань хлопковая|запасные части для автомобилей|книги|обувь женская|"
        "сыр|плитка керамическая|кабель USB|лампы LED|насосы водяные|шторы|игрушки детские|"
        "посуда|чай чёрный|фильтры масляные|подшипники|трубы ПВХ|мебель|косметика|"
        "станки токарные|кофе растворимый|СОК|крем для рук|веревка|ткань СВЧ|макароны|сахар|"
        "рис|мука|хлопок|мяч|сорт высший|масло",
        "новые|бывшие в употреблении|белые|разные|для дома|в ассортименте",
    ),
    "tr": (
        "ahşap sandalye|pamuklu kumaş|otomobil yedek parçaları|kitap|kadın ayakkabısı|"
        "beyaz peynir|seramik karo|USB kablo|LED ampul|su pompası|perde|çocuk oyuncağı|"
        "mutfak eşyası|siyah çay|yağ filtresi|rulman|PVC boru|mobilya|kozmetik ürünleri|İplik|"
        "Işık|ÇİKOLATA|şeker|fındık|zeytinyağı|ısıtıcı|düğme|gömlek|battaniye|halı",
        "yeni|kullanılmış|beyaz|çeşitli|ev için|ihracat için",
    ),
    "ar": (
        "كراسي خشبية|أقمشة قطنية|قطع غيار سيارات|كتب|أحذية نسائية|جبن أبيض|بلاط سيراميك|"
        "كابل USB|مصابيح LED|مضخات مياه|ستائر|ألعاب أطفال|أدوات مطبخ|شاي أسود|فلاتر زيت|محامل|"
        "أنابيب PVC|أثاث|مستحضرات تجميل|تمور|زيت زيتون|سجاد|قهوة مطحونة|عطور|حقائب|ملابس|سكّر|"
        "أرزّ|بهارات|مناديل",
        "جديدة|مستعملة|بيضاء|متنوعة|للمنزل|ـ درجة أولى",
    ),
}
MEASURES = (
    "",
    "12 V",
    "5 kg",
    "10 μm",
    "100%",
    "2x50 cm",
    "CE",
    "ISO 9001",
    "No 7",
    "A4",
    "M8",
    "(24)",
    "1/2",
)


def lines(language: str) -> list[str]:
    """Some thousand different lines in one language."""
    goods, qualities = (part.split("|") for part in GOODS[language])
    return [" ".join(filter(None, one)) for one in product(goods, ["", *qualities], MEASURES)]
